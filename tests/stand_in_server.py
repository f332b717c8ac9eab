"""A stand-in for W&B's server on loopback: answers what sweeps, runs and workspaces ask and keeps it."""

import gzip
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import yaml

ENTITY, SWEEP = "me", "sweep1"


class LoggedRun(NamedTuple):
    """What a run has sent."""

    sweep: str | None
    config: dict[str, Any]  # without W&B's own part
    history: list[dict[str, Any]]
    output: list[str]
    exit_codes: list[int]


class StandIn:
    """Hands out a grid, point by point, and keeps what arrives."""

    def __init__(self) -> None:
        self.url = ""
        self.sweep: dict[str, Any] = {}  # the sweep file, as it arrived
        self.project = ""
        self.handed_out: list[dict[str, Any]] = []
        self.runs: dict[str, LoggedRun] = {}
        self.views: list[dict[str, Any]] = []  # workspaces, as they arrived
        self._lock = threading.Lock()

    def answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        with self._lock:
            for word, method in (
                ("upsertSweep", self._sweep),
                ("sweep(sweepName", self._sweep_with_runs),
                ("createAgent", lambda _: {"createAgent": {"agent": {"id": "agent1"}}}),
                ("agentHeartbeat", self._heartbeat),
                ("upsertBucket", self._run),
                ("upsertView", self._view),
                ("createRunFiles", self._uploads),
                ("viewer", self._viewer),
                ("serverInfo", lambda _: {"serverInfo": {"features": []}}),
            ):
                if word in query:
                    return method(variables)
            return {}  # what else is asked is optional

    def stream(self, run: str, said: Mapping[str, Any]) -> None:
        """What a run sends while it goes on."""
        logged = self.runs[run]
        for name, part in (said.get("files") or {}).items():
            if name == "wandb-history.jsonl":
                logged.history.extend(json.loads(line) for line in part["content"])
            elif name == "output.log":
                logged.output.extend(part["content"])
        if said.get("complete"):
            logged.exit_codes.append(said["exitcode"])

    def _where(self) -> dict[str, Any]:
        return {"id": "p", "name": self.project, "entity": {"id": "e", "name": ENTITY}}

    def _viewer(self, _: Mapping[str, Any]) -> dict[str, Any]:
        teams: dict[str, Any] = {"edges": []}
        viewer = {"id": "u", "entity": ENTITY, "username": ENTITY, "flags": "{}", "teams": teams}
        return {"viewer": viewer, "serverInfo": {"features": []}}

    def _sweep(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self.sweep, self.project = yaml.safe_load(given["config"]), given["projectName"]
        sweep = {"name": SWEEP, "project": self._where()}
        return {"upsertSweep": {"sweep": sweep, "configValidationWarnings": []}}

    def _sweep_with_runs(self, _: Mapping[str, Any]) -> dict[str, Any]:
        config = yaml.safe_dump(self.sweep)
        about = {"id": "s", "name": SWEEP, "state": "RUNNING", "config": config, "runs": {"edges": []}}
        return {"project": {"sweep": about}}

    def _heartbeat(self, given: Mapping[str, Any]) -> dict[str, Any]:
        commands: list[dict[str, Any]] = []
        if not json.loads(given["runState"]):  # the agent has no run
            keys = sorted(self.sweep["parameters"])  # W&B's order
            values = [_choices(self.sweep["parameters"][key]) for key in keys]
            grid = [dict(zip(keys, chosen, strict=True)) for chosen in itertools.product(*values)]
            k = len(self.handed_out)
            if k < len(grid):
                self.handed_out.append(grid[k])
                arguments = {key: {"value": value} for key, value in grid[k].items()}
                program = self.sweep.get("program")
                commands = [{"type": "run", "run_id": f"run{k}", "program": program, "args": arguments}]
            else:
                commands = [{"type": "exit"}]
        return {"agentHeartbeat": {"agent": {"id": "agent1"}, "commands": json.dumps(commands)}}

    def _run(self, given: Mapping[str, Any]) -> dict[str, Any]:
        name = given["name"]
        logged = self.runs.setdefault(name, LoggedRun(given["sweep"], {}, [], [], []))
        for key, about in json.loads(given["config"] or "{}").items():
            if key != "_wandb":
                logged.config[key] = about["value"]
        bucket = {"id": name, "name": name, "displayName": name, "sweepName": SWEEP, "historyLineCount": 0}
        return {"upsertBucket": {"bucket": {**bucket, "project": self._where()}, "inserted": True}}

    def _view(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self.views.append(dict(given))
        return {"upsertView": {"view": {"id": "view1", "name": given["name"]}, "inserted": True}}

    def _uploads(self, given: Mapping[str, Any]) -> dict[str, Any]:
        files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in given["files"]]
        return {"createRunFiles": {"runID": "x", "uploadHeaders": [], "files": files}}


def _choices(parameter: Mapping[str, Any]) -> list[Any]:
    return list(parameter["values"]) if "values" in parameter else [parameter["value"]]


@contextmanager
def stand_in_server() -> Iterator[StandIn]:
    """A stand-in that listens on loopback while the block runs."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self._body()
            answer: dict[str, Any] = {}
            if self.path == "/graphql":
                said = json.loads(body)
                answer = {"data": stand_in.answer(said["query"], said.get("variables") or {})}
            elif self.path.endswith("/file_stream"):
                stand_in.stream(self.path.split("/")[-2], json.loads(body))
            self._reply(json.dumps(answer).encode())

        do_PUT = do_POST

        def _body(self) -> bytes:
            data = b""
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

        def _reply(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
