"""A page for trying queries, served at GET `/graphql` when AICOST_IDE is on.

One self-contained page: nothing is loaded from elsewhere, so that it works without internet access
and under a policy that allows it to talk to its own server only. The key that is typed in stays in
the page's memory. Refused: completion, tabs and history; GraphQL clients do that better.
"""

import base64
import hashlib

from starlette.responses import HTMLResponse

_STYLE = """
:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}
body{margin:0;padding:1rem;display:grid;gap:.75rem;grid-template-columns:1fr 1fr;height:100vh;
box-sizing:border-box;grid-template-rows:auto 1fr auto auto}
header{grid-column:1/-1;display:flex;gap:1rem;align-items:center}
h1{font-size:1.1rem;margin:0}
label{display:flex;flex-direction:column;gap:.25rem;min-height:0}
header label{flex-direction:row;flex:1;align-items:center}
input{flex:1}
textarea,pre,input{font:13px/1.5 ui-monospace,monospace;padding:.5rem;border:1px solid #8886;
border-radius:4px;background:Canvas;color:CanvasText}
textarea{flex:1;resize:none}
pre{margin:0;overflow:auto;grid-column:2;grid-row:2/4;white-space:pre-wrap}
footer{grid-column:1/-1}
"""

_SCRIPT = """
const at = id => document.getElementById(id)
const show = text => { at("answer").textContent = text }
async function ask(query, variables) {
  const headers = {"content-type": "application/json",
                   "accept": "application/graphql-response+json"}
  if (at("key").value) headers.authorization = "Bearer " + at("key").value.trim()
  const answer = await fetch(location.pathname,
    {method: "POST", headers, body: JSON.stringify({query, variables})})
  return answer.json()
}
async function run() {
  try {
    const text = at("variables").value.trim()
    const answer = await ask(at("query").value, text ? JSON.parse(text) : {})
    show(JSON.stringify(answer, null, 2))
  } catch (error) { show(String(error)) }
}
const name = type => type.kind === "NON_NULL" ? name(type.ofType) + "!"
  : type.kind === "LIST" ? "[" + name(type.ofType) + "]" : type.name
const line = field => "  " + field.name
  + (field.args && field.args.length
     ? "(" + field.args.map(a => a.name + ": " + name(a.type)).join(", ") + ")" : "")
  + (field.type ? ": " + name(field.type) : "")
  + (field.description ? "   # " + field.description.replace(/\\s+/g, " ") : "")
async function schema() {
  const type = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
  const answer = await ask(`{ __schema { types { kind name
    fields { name description type { ${type} } args { name type { ${type} } } }
    inputFields { name description type { ${type} } }
    enumValues { name description } } } }`, {})
  if (!answer.data) return show(JSON.stringify(answer, null, 2))
  show(answer.data.__schema.types.filter(t => !t.name.startsWith("__"))
    .map(t => t.kind.toLowerCase() + " " + t.name + "\\n"
      + [...(t.fields || []), ...(t.inputFields || []), ...(t.enumValues || [])]
        .map(line).join("\\n")).join("\\n\\n"))
}
at("run").addEventListener("click", run)
at("schema").addEventListener("click", schema)
addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run()
})
"""

_PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>aicost: try a query</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>
<header><h1>aicost</h1>
<label>API key <input id="key" type="password" autocomplete="off" spellcheck="false"></label>
<button id="run">Run (Ctrl+Enter)</button><button id="schema">Schema</button></header>
<label>Query<textarea id="query" spellcheck="false" autofocus>{{
  crossProjectSummary {{
    month totalCost previousCost unpricedTransactions
    projects {{ project {{ id name }} cost budgetPct budgetStatus }}
  }}
}}
</textarea></label>
<label>Variables (JSON)<textarea id="variables" spellcheck="false" rows="4"></textarea></label>
<pre id="answer" role="status" aria-live="polite" tabindex="0"></pre>
<script>{_SCRIPT}</script></html>
"""


def _source(text: str) -> str:
    """The name by which a content security policy allows exactly one inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; script-src {_source(_SCRIPT)}; style-src {_source(_STYLE)}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def ide_response() -> HTMLResponse:
    """The page, under a policy that allows its own script and its own server only."""
    return HTMLResponse(
        _PAGE,
        headers={
            "content-security-policy": _POLICY,
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
        },
    )
