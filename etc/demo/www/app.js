// SPDX-License-Identifier: MIT
// Shows in #timings what the browser knows about this page and its assets: protocol, first
// interim response, final response, and when each asset was asked for.
"use strict";

const ms = (t) => `${t.toFixed(1)} ms`;

function element(name, text, className) {
	const e = document.createElement(name);
	if (text !== undefined)
		e.textContent = text;
	if (className)
		e.className = className;
	return e;
}

function pair(list, term, text) {
	list.append(element("dt", term), element("dd", text));
}

function facts(nav) {
	const list = element("dl");
	const early = nav.firstInterimResponseStart || 0;
	const final = nav.finalResponseHeadersStart || nav.responseStart;

	pair(list, "Protocol", nav.nextHopProtocol || "unknown");
	pair(list, "First interim response (103)", early ? ms(early - nav.requestStart)
		: "none seen (HTTP/1.1, or a browser that does not tell)");
	pair(list, "Final response", ms(final - nav.requestStart));
	pair(list, "Complete", ms(nav.responseEnd - nav.requestStart));
	return list;
}

function row(entry, nav, scale) {
	const tr = element("tr");
	const early = entry.initiatorType === "early-hints";
	const track = element("td", undefined, "track");
	const line = element("div");
	const bar = element("i", undefined, early ? "early" : "");
	const from = entry.startTime - nav.startTime;
	const took = entry.responseEnd - entry.startTime;

	bar.style.left = `${100 * from / scale}%`;
	bar.style.width = `${Math.max(1, 100 * took / scale)}%`;
	line.append(bar);
	track.append(line);
	tr.append(element("td", entry.name.replace(location.origin, "")),
		element("td", entry.initiatorType),
		element("td", early ? `used ${ms(from)}` : ms(from), "number"),
		element("td", ms(took), "number"), track);
	return tr;
}

function chart(nav, assets) {
	const table = element("table", undefined, "chart");
	const head = element("tr");
	const box = element("div", undefined, "wide");
	const scale = Math.max(nav.responseEnd, ...assets.map((a) => a.responseEnd)) - nav.startTime;

	for (const title of ["What", "Asked for by", "Begin", "Took", ""])
		head.append(element("th", title));
	table.append(head);
	for (const entry of [nav, ...assets])
		table.append(row(entry, nav, scale || 1));
	box.append(table);
	return box;
}

function verdict(nav, assets) {
	const final = nav.finalResponseHeadersStart || nav.responseStart;
	const ahead = assets.filter((a) => a.initiatorType === "early-hints");

	// Browsers give the time at which the page used such an asset, not that of its fetch.
	if (ahead.length) {
		const gain = final - (nav.firstInterimResponseStart || nav.requestStart);
		return element("p", `Rode ahead: ${ahead.length} of ${assets.length} assets were fetched for `
			+ `the 103, which came ${ms(gain)} before the final response.`, "verdict early");
	}
	return element("p", "No asset came by a 103: the browser had them already, or does not act on a 103 "
		+ "here (it wants HTTP/2 over TLS, a navigation and a trusted certificate).", "verdict");
}

addEventListener("load", () => {
	const place = document.getElementById("timings");
	const [nav] = performance.getEntriesByType("navigation");

	if (!place || !nav)
		return;
	const assets = performance.getEntriesByType("resource")
		.filter((a) => a.name.startsWith(location.origin));
	place.replaceChildren(verdict(nav, assets), facts(nav), element("h2", "Timeline"),
		chart(nav, assets));
});
