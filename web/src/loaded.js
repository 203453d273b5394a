/** JSON of this server; an error names the status. */
export async function loaded(url) {
  return (await answer(url, "application/json")).json();
}

/** Posts of a feed page as a document that runs nothing: a parser's document has no scripts and loads no pictures. */
export async function fragment(address) {
  const url = new URL(address, location.href);
  url.searchParams.set("fragment", "1");
  url.hash = "";
  return new DOMParser().parseFromString(await (await answer(url, "text/html")).text(), "text/html");
}

async function answer(url, type) {
  const got = await fetch(url, { headers: { Accept: type } });
  if (!got.ok) throw new Error(`the server answers ${got.status}`);
  return got;
}
