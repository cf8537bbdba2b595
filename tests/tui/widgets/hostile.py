"""What nobody should name a pod. Fed through every widget: nothing may be lost, run, moved or raised."""

HOSTILE = (
    "[error] disk full",
    "oops [/foo]",
    "[@click=app.quit]ok[/]",
    "${app[name]}",
    "[bold",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "a\tb\rc\nd",
    "\x9b2J",
    "\u202egnp.exe",
    "zero\u200bwidth",
    "日本語のポッド",
    "🚀👩‍👩‍👧‍👦🇳🇴",
    "e\u0301\u0301\u0301",
    "ﷺ" * 20,
    "x" * 5000,
    "",
    " ",
    "\ud800",
)
