"use strict";
// The list of places: filter, search, sort, details. Text from the report only ever becomes text nodes, never markup.
(function () {
	const data = JSON.parse(document.getElementById("data").textContent);
	const SEVERITY = ["low", "medium", "high", "critical"];
	const STATE = ["live at a branch", "in history only", "unreachable", "unknown"];
	const PAGE = 100;
	// Members of a row.
	const SEV = 0, RULE = 1, PROOF = 2, PLACE = 3, LINE = 4, COLUMN = 5, REDACTED = 6, PRINT = 7, NOTES = 8, STATES = 9, COMMIT = 10,
		AUTHOR = 11, DATE = 12, TIMES = 13, TIP = 14, PYTHON = 15, SUPPRESSED = 16, SECRET = 17;
	const filter = {q: "", sev: "", proof: "", state: "", rule: "", policy: "", author: "", month: "", secret: ""};
	const byId = (id) => document.getElementById(id);
	let shown = [], drawn = 0, sortBy = "", descending = false;

	function make(tag, className, text) {
		const node = document.createElement(tag);
		if (className)
			node.className = className;
		if (text !== undefined)
			node.textContent = text;
		return node;
	}

	function haystack(row) {
		const rule = data.rules[row[RULE]];
		return [rule.id, rule.title, row[PLACE], row[REDACTED], row[PRINT], row[NOTES], row[COMMIT], row[AUTHOR], row[DATE], row[TIP]]
			.join("\n").toLowerCase();
	}

	function fits(row, words) {
		if (filter.sev && SEVERITY[row[SEV]] !== filter.sev || filter.proof && row[PROOF] !== filter.proof)
			return false;
		if (filter.state && String(row[STATES]) !== filter.state || filter.rule && data.rules[row[RULE]].id !== filter.rule)
			return false;
		if (filter.author && row[AUTHOR] !== filter.author || filter.month && !row[DATE].startsWith(filter.month))
			return false;
		if (filter.secret && row[PRINT] !== filter.secret)
			return false;
		if (filter.policy && filter.policy !== (row[SUPPRESSED] ? "suppressed" : "counts"))
			return false;
		if (!words.length)
			return true;
		const text = haystack(row);
		return words.every((word) => text.includes(word));
	}

	const KEYS = {
		severity: (row) => row[SEV],
		secret: (row) => data.rules[row[RULE]].id,
		place: (row) => row[PLACE],
		when: (row) => row[DATE]
	};

	function sorted(rows) {
		const key = KEYS[sortBy];
		if (!key)
			return rows;
		const sign = descending ? -1 : 1;
		return rows.map((row, i) => [key(row), i, row]).sort((a, b) =>
			a[0] < b[0] ? -sign : a[0] > b[0] ? sign : a[1] - b[1]).map((item) => item[2]);
	}

	function entry(list, name, value, mono) {
		if (!value)
			return;
		list.append(make("dt", "", name), make("dd", mono ? "mono" : "", value));
	}

	function details(row) {
		const rule = data.rules[row[RULE]], list = make("dl");
		entry(list, "Rule", rule.id, true);
		entry(list, "What it is", rule.description);
		entry(list, row[SECRET] ? "Secret" : "Redacted", row[SECRET] || row[REDACTED], true);
		entry(list, "Proof", data.proofs[row[PROOF]]);
		entry(list, "Notes", row[NOTES]);
		if (row[COMMIT])
			entry(list, "First in", row[COMMIT] + " by " + row[AUTHOR] + (row[TIMES] > 1 ? ", introduced " + row[TIMES] + " times" : ""));
		entry(list, "Live at", row[TIP]);
		entry(list, "What to do", rule.remediation);
		entry(list, "In Python", row[PYTHON], true);
		if (rule.references.length) {
			const links = make("dd");
			for (const url of rule.references) {
				const link = make("a", "", url);
				link.href = url;
				link.rel = "noreferrer noopener";
				links.append(link, make("br"));
			}
			list.append(make("dt", "", "Read"), links);
		}
		const print = make("dd"), button = make("button", "pick mono", row[PRINT]);
		button.title = "Show all places of this secret";
		button.addEventListener("click", () => change("secret", row[PRINT]));
		print.append(button);
		list.append(make("dt", "", "Fingerprint"), print);
		return list;
	}

	function toggle(line, row) {
		const open = line.classList.toggle("open");
		line.setAttribute("aria-expanded", String(open));
		if (!open) {
			line.nextSibling.remove();
			return;
		}
		const more = make("tr", "details"), cell = make("td");
		cell.colSpan = 4;
		cell.append(details(row));
		more.append(cell);
		line.after(more);
	}

	function draw(row) {
		const rule = data.rules[row[RULE]], line = make("tr", "place"), sev = make("td"), what = make("td"), place = make("td"),
			when = make("td", "w-when");
		line.tabIndex = 0;
		line.setAttribute("aria-expanded", "false");
		sev.append(make("span", "badge s" + row[SEV], SEVERITY[row[SEV]]), make("span", "sub", row[PROOF]));
		what.append(rule.title, make("span", "sub mono", row[REDACTED]));
		place.append(make("span", "mono", row[PLACE] + ":" + row[LINE] + ":" + row[COLUMN]));
		if (row[STATES] < 3)
			place.append(make("span", "sub", STATE[row[STATES]]));
		if (row[SUPPRESSED]) {
			line.classList.add("suppressed");
			place.append(make("span", "sub", "suppressed by " + row[SUPPRESSED]));
		}
		when.append(row[DATE], make("span", "sub", row[AUTHOR]));
		line.append(sev, what, place, when);
		line.addEventListener("click", () => toggle(line, row));
		line.addEventListener("keydown", (event) => {
			if (event.target === line && (event.key === "Enter" || event.key === " ")) {
				event.preventDefault();
				toggle(line, row);
			}
		});
		return line;
	}

	function drawMore() {
		const body = byId("rows"), end = Math.min(drawn + PAGE, shown.length), lines = document.createDocumentFragment();
		for (; drawn < end; drawn++)
			lines.append(draw(shown[drawn]));
		body.append(lines);
		byId("more").hidden = drawn >= shown.length;
		byId("more").textContent = "Show more (" + (shown.length - drawn) + " left)";
	}

	function mark() {
		for (const node of document.querySelectorAll("[data-filter]"))
			node.classList.toggle("on", filter[node.dataset.filter] === node.dataset.value);
		for (const node of document.querySelectorAll("th[data-sort]")) {
			const on = node.dataset.sort === sortBy;
			node.setAttribute("aria-sort", on ? descending ? "descending" : "ascending" : "none");
		}
	}

	function update() {
		const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
		shown = sorted(data.rows.filter((row) => fits(row, words)));
		drawn = 0;
		byId("rows").textContent = "";
		byId("count").textContent = shown.length + " of " + data.rows.length + " places";
		for (const name of ["q", "sev", "proof", "state", "rule", "policy", "author"])
			byId("f-" + name).value = filter[name];
		mark();
		drawMore();
	}

	// The filter is kept behind # of the address, so that a view can be linked to.
	function change(name, value) {
		const words = new URLSearchParams();
		filter[name] = filter[name] === value && name !== "q" ? "" : value;
		for (const key of Object.keys(filter))
			if (filter[key])
				words.set(key, filter[key]);
		history.replaceState(null, "", "#" + words);
		update();
	}

	function readAddress() {
		const words = new URLSearchParams(location.hash.slice(1));
		for (const key of Object.keys(filter))
			filter[key] = words.get(key) || "";
		update();
	}

	// A choice without anything to choose is not shown.
	function fill(id, values) {
		byId(id).hidden = values.length < 2;
		for (const [value, text] of values) {
			const option = make("option", "", text);
			option.value = value;
			byId(id).append(option);
		}
	}

	function start() {
		const used = (member) => [...new Set(data.rows.map((row) => row[member]))].filter((value) => value !== "");
		const ids = data.rules.map((rule) => rule.id);
		fill("f-sev", used(SEV).sort().reverse().map((n) => [SEVERITY[n], SEVERITY[n]]));
		fill("f-proof", Object.keys(data.proofs).filter((p) => used(PROOF).includes(p)).map((p) => [p, p]));
		fill("f-state", used(STATES).sort().map((n) => [String(n), STATE[n]]));
		fill("f-rule", ids.sort().map((id) => [id, id]));
		const counting = new Set(data.rows.map((row) => row[SUPPRESSED] ? "suppressed" : "counts"));
		fill("f-policy", [...counting].sort().map((name) => [name, name]));
		fill("f-author", used(AUTHOR).sort().map((name) => [name, name]));
		byId("f-q").addEventListener("input", (event) => change("q", event.target.value));
		for (const name of ["sev", "proof", "state", "rule", "policy", "author"])
			byId("f-" + name).addEventListener("change", (event) => {
				filter[name] = "";
				change(name, event.target.value);
			});
		for (const node of document.querySelectorAll("[data-filter]"))
			node.addEventListener("click", () => {
				change(node.dataset.filter, node.dataset.value);
				byId("places").scrollIntoView({block: "start"});
			});
		for (const node of document.querySelectorAll("th[data-sort] button"))
			node.addEventListener("click", () => {
				const by = node.parentNode.dataset.sort;
				descending = sortBy === by ? !descending : by === "severity" || by === "when";
				sortBy = by;
				update();
			});
		byId("f-clear").addEventListener("click", () => {
			history.replaceState(null, "", "#");
			readAddress();
		});
		byId("more").addEventListener("click", drawMore);
		window.addEventListener("hashchange", readAddress);
		document.documentElement.classList.add("scripted");
		byId("list").classList.toggle("bare", !data.rows.some((row) => row[COMMIT]));
		byId("scripted").hidden = false;
		readAddress();
	}

	start();
})();
