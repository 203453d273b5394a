"""The embedded model's server: a process of its own that ends with whoever started it. `python -m houselights.llm.child`, asked on stdin."""

import json
import sys


def serve() -> int:
    """Reads {"path", "alias", "threads", "parallel", "tokens_per_slot", "key"}, prints {"url"} when ready, and serves until stdin is closed."""
    asked = json.loads(sys.stdin.readline())
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = asked["path"]
    params.model_alias = {asked["alias"]}
    params.api_keys = [asked["key"]]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = asked["threads"]
    params.n_parallel = asked["parallel"]
    params.n_ctx = asked["tokens_per_slot"] * asked["parallel"]
    params.port, params.ui, params.offline = 0, False, True
    server = xllamacpp.Server(params)
    print(json.dumps({"url": server.listening_address}), flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(serve())
