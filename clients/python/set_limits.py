"""Sets one monthly budget limit for all projects that the caller owns; needs nothing but Python.

    KEY=aic_... python clients/python/set_limits.py 250 [--only-unset] [--url http://127.0.0.1:8000]

Exit status: 0 all set, 1 some were refused, 2 wrong usage.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

MOST_LIMITS = 100  # in one call
PROJECTS = """query Own($after: String) {
  projects(filter: {ownedByViewer: true}, first: 100, after: $after) {
    nodes { id name budget { limit } }
    pageInfo { hasNextPage endCursor }
  }
}"""
SET = """mutation Set($limits: [SetBudgetLimitInput!]!) {
  setBudgetLimits(input: {limits: $limits}) {
    results { projectId budget { limit status } userErrors { message } }
    userErrors { message }
  }
}"""


class RefusedError(Exception):
    """The server refused a request."""


class Client:
    """Asks GraphQL."""

    def __init__(self, url: str, key: str) -> None:
        self._url = f"{url}/graphql"
        self._headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "accept": "application/graphql-response+json",
        }

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer; raises RefusedError with what the server says."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self._url, body, self._headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
        except urllib.error.URLError as error:
            raise RefusedError(f"{self._url}: {error.reason}") from None
        if answer.get("errors"):
            raise RefusedError(answer["errors"][0]["message"])
        return answer["data"]


def own_projects(client: Client) -> Iterator[dict[str, Any]]:
    """All projects of the caller, page by page."""
    after = None
    while True:
        page = client.ask(PROJECTS, after=after)["projects"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def set_limits(client: Client, dollars: str, only_unset: bool) -> int:
    """Sets the limits; answers how many were refused."""
    projects = [
        it for it in own_projects(client) if not only_unset or it["budget"]["limit"] is None
    ]
    names = {it["id"]: it["name"] for it in projects}
    limits = [{"projectId": id, "limitDollars": dollars} for id in names]
    refused = 0
    for start in range(0, len(limits), MOST_LIMITS):
        payload = client.ask(SET, limits=limits[start : start + MOST_LIMITS])["setBudgetLimits"]
        if payload["userErrors"]:
            raise RefusedError(payload["userErrors"][0]["message"])
        for result in payload["results"]:
            errors, budget = result["userErrors"], result["budget"]
            outcome = errors[0]["message"] if errors else f"${budget['limit']}, {budget['status']}"
            print(f"{names[result['projectId']]}: {outcome}")
            refused += bool(errors)
    print(f"{len(limits) - refused} set, {refused} refused")
    return refused


def main() -> int:
    """Reads the command line; answers the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dollars", help="the limit, such as 250 or 99.5")
    parser.add_argument("--only-unset", action="store_true", help="leave limits that are there")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where aicost serves")
    options = parser.parse_args()
    key = os.environ.get("KEY")
    if not key:
        parser.error("the environment variable KEY should hold an API key")
    try:
        refused = set_limits(Client(options.url, key), options.dollars, options.only_unset)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
