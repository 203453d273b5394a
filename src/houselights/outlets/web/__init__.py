"""The web app: `houselights serve RUN`. Pages made on the server, on this machine alone, readable without JavaScript."""
