// What stands before the script of each widget whose pages are indexes into a table of lines that they share.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function page(lines, runs) {
  let text = "";
  for (let at = 0; at < runs.length; at += 2) text += lines.slice(runs[at], runs[at] + runs[at + 1]).join("\n") + "\n";
  return text.replace(/"#([0-9a-f]{6})"/g, '"var(--k$1,#$1)"'); // the page's theme sets the variables
}

