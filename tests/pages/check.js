// Opens every page of a running Pantau in Debian's Chromium, as a phone and as a desk, light and dark, and fails on
// what a reader would trip over:
//
//   * a console error or warning, an uncaught exception, a violation of the content security policy;
//   * a request that leaves 127.0.0.1, or that is answered with an error;
//   * a page wider than its window; a focusable thing without a name; text below WCAG AA contrast;
//   * a page that does not print.
//
// Usage: PANTAU_USER=admin PANTAU_PASSWORD=… node check.js http://127.0.0.1:8420 [--screenshots FOLDER]
// Pages are found by following links from the overview, one of each kind. Exit code 1 when anything was found.
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const base = process.argv[2];
const user = process.env.PANTAU_USER ?? "admin";
const password = process.env.PANTAU_PASSWORD;
const at = process.argv.indexOf("--screenshots");
const folder = at > 0 ? process.argv[at + 1] : null;
if (!base || !password) {
  console.error("usage: PANTAU_PASSWORD=… node check.js http://127.0.0.1:8420 [--screenshots FOLDER]");
  process.exit(2);
}
if (folder) mkdirSync(folder, { recursive: true });

const findings = [];
const note = (where, what) => findings.push(`${where}: ${what}`);

/// One page of each kind is enough: `/hosts/a` and `/hosts/b` are drawn by the same template.
const kind = (path) => path.replace(/\?.*$/, "").replace(/^\/(services|hosts|rules)\/.+/, "/$1/*").replace(/^\/tickets\/SPBE.+/, "/tickets/*");

const watch = (page, where) => {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(where(), `console: ${message.text()}`);
  });
  page.on("pageerror", (error) => note(where(), `exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "about:", "blob:"].includes(url.protocol) && url.hostname !== "127.0.0.1") {
      note(where(), `leaves this machine: ${request.url()}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) note(where(), `${response.status()} for ${response.url()}`);
  });
};

const login = async (context) => {
  const page = await context.newPage();
  await page.goto(`${base}/login`);
  await page.fill("input[name=name]", user);
  await page.fill("input[name=password]", password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/login")), page.click("main button")]);
  await page.close();
};

/// Runs in the page: width, names, contrast.
const inspect = () => {
  const found = [];
  const width = document.documentElement.scrollWidth;
  if (width > window.innerWidth) found.push(`is ${width} px wide in a window of ${window.innerWidth}`);
  for (const thing of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, [tabindex='0']")) {
    const label = thing.labels?.length ? thing.labels[0].textContent : "";
    const name = thing.getAttribute("aria-label") || thing.getAttribute("title") || thing.textContent.trim() || label.trim();
    if (!name) found.push(`has no name: ${thing.outerHTML.slice(0, 120)}`);
  }
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const light = ([r, g, b]) => {
    const part = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = read(getComputedStyle(e).backgroundColor);
      if (colour.alpha > 0.99) return colour.rgb;
    }
    return [255, 255, 255];
  };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest("svg, noscript, option")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(read(style.color).rgb), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const key = `${element.tagName}.${element.className}`;
    if (ratio < (large ? 3 : 4.5) && !seen.has(key)) {
      seen.add(key);
      found.push(`contrast ${ratio.toFixed(2)} of "${walker.currentNode.textContent.trim().slice(0, 40)}" (${key})`);
    }
  }
  return found;
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
let opened = 0;
for (const language of ["id", "en"]) {
  for (const width of [390, 1440]) {
    for (const scheme of ["light", "dark"]) {
      const context = await browser.newContext({
        viewport: { width, height: width < 500 ? 844 : 900 },
        colorScheme: scheme,
        ignoreHTTPSErrors: true,
      });
      await context.addCookies([{ name: "pantau_language", value: language, url: base }]);
      const page = await context.newPage();
      let path = "/login";
      watch(page, () => `${path} (${language}, ${width}, ${scheme})`);
      const look = async () => {
        await page.goto(base + path, { waitUntil: "load" });
        await page.waitForTimeout(250);
        opened += 1;
        for (const found of await page.evaluate(inspect)) note(`${path} (${language}, ${width}, ${scheme})`, found);
        if (folder) {
          const name = kind(path).replace(/[/*]+/g, "-").replace(/^-|-$/g, "") || "overview";
          await page.screenshot({ path: join(folder, `${name}-${language}-${width}-${scheme}.png`), fullPage: true });
        }
      };
      await look();
      await login(context);
      const waiting = ["/", "/hosts", "/tickets?state=all", "/tickets/new", "/backups", "/reports/availability", "/system?hosts=5000"];
      const seen = new Set(waiting.map(kind));
      while (waiting.length > 0) {
        path = waiting.shift();
        await look();
        const links = await page.$$eval("main a[href^='/']:not([download])", (all) => all.map((a) => a.getAttribute("href")));
        for (const link of links) {
          if (!seen.has(kind(link)) && !/^\/(language|theme|assets)/.test(link)) {
            seen.add(kind(link));
            waiting.push(link);
          }
        }
      }
      if (width > 500 && scheme === "light") {
        for (const [printed, name] of [["/reports/availability", "report"], ["/system", "system"]]) {
          path = printed;
          await page.goto(base + path, { waitUntil: "load" });
          const pdf = await page.pdf({ format: "A4", ...(folder ? { path: join(folder, `${name}-${language}.pdf`) } : {}) });
          if (!pdf.subarray(0, 5).equals(Buffer.from("%PDF-"))) note(path, "does not print");
        }
      }
      await context.close();
    }
  }
}
await browser.close();
for (const finding of findings) console.log(finding);
console.log(`${opened} pages opened, ${findings.length} findings`);
process.exit(findings.length > 0 ? 1 : 0);
