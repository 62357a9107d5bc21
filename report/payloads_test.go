package report_test

import (
	"fmt"
	"strings"
)

// payloads are texts that would do something in a page that took them for more than text: set an
// attribute of the document (whose name stands in none of them) or call the address. What they run
// is put for RUN, the address for CALL.
func payloads(call string) []string {
	texts := []string{
		`<script>RUN</script>`,
		`</script><script>RUN</script>`,
		`</ScRiPt ><script>RUN</script >`,
		"</script\t><script>RUN</script\n>",
		`<!--<script>RUN`,
		`--><script>RUN</script><!--`,
		`<!-- <script> --><script>RUN</script>`,
		`]]><script>RUN</script><![CDATA[`,
		`"]]}</script><script>RUN</script>`,
		`"],"full":true,"x":["</script><img src=x onerror=RUN>`,
		`\u003cscript\u003eRUN\u003c/script\u003e`,
		`\"</script><script>RUN</script>`,
		`\\"</script><script>RUN</script>`,
		"\u2028</script><script>RUN</script>",
		"\u2029<script>RUN</script>",
		`<img src=x onerror=RUN>`,
		`<img src="CALL">`,
		`<IMG SRC=x OnErRoR="RUN">`,
		`"><img src=x onerror=RUN>`,
		`'><img src=x onerror=RUN>`,
		`' onmouseover='RUN' autofocus onfocus='RUN`,
		`" autofocus onfocus="RUN" x="`,
		`<svg onload=RUN>`,
		`<svg><script>RUN</script></svg>`,
		`<svg><animate onbegin=RUN attributeName=x dur=1s>`,
		`<math><mtext></p><script>RUN</script>`,
		`</title><script>RUN</script>`,
		`</style><script>RUN</script>`,
		`</textarea><script>RUN</script>`,
		`</noscript><script>RUN</script>`,
		`</svg></figure><script>RUN</script>`,
		`<style>@import url(CALL);body{background:url(CALL)}</style>`,
		`<link rel=stylesheet href="CALL">`,
		`<meta http-equiv=refresh content="0;url=javascript:RUN">`,
		`<meta http-equiv=refresh content="0;url=CALL">`,
		`<base href="CALL">`,
		`<iframe src="javascript:RUN"></iframe>`,
		`<iframe srcdoc="<script>parent.RUN</script>"></iframe>`,
		`<object data="CALL"></object>`,
		`<embed src="CALL">`,
		`<form action="CALL"><input type=submit autofocus></form><script>document.forms[0].submit()</script>`,
		`<details open ontoggle=RUN>`,
		`<video src=x onerror=RUN></video>`,
		`<audio autoplay src="CALL" onerror=RUN></audio>`,
		`<body onload=RUN>`,
		`<template><script>RUN</script></template><x is=RUN>`,
		`{{.Run}} {{template "head"}} ${RUN} <%= RUN %>`,
		`javascript:RUN`,
		"`<img src=x onerror=RUN>`", "``` <script>RUN</script>", "x` [a](CALL) @all `y",
		`data:text/html,<script>RUN</script>`,
		`=HYPERLINK("CALL","x")&cmd|' /C calc'!A0`,
		"\x00\x01\x1b[2J\x1b]0;x\x07\x7f\u0085<script>RUN</script>",
		"\u202e\u2066<script>RUN</script>\u2069\ufeff\u200b",
		"\xff\xfe<script>RUN</script>\xc0\xbc\xed\xa0\x80",
		"＜script＞RUN＜/script＞ &lt;script&gt;RUN&lt;/script&gt; &#60;script&#62;",
		`__proto__`, `constructor`,
	}
	for i, text := range texts {
		run := fmt.Sprintf("document.documentElement.setAttribute('data-'+'ran-%d','x')", i)
		texts[i] = strings.NewReplacer("RUN", run, "CALL", call+fmt.Sprintf("/%d", i)).Replace(text)
	}
	return texts
}
