// Tells the widget manager where its modules are. Loaded after require.js, before embed-amd.js.
// Addresses are relative to this file, so they hold at any depth, under any base and from file://.
(function () {
  const libraries = new URL("js/", document.currentScript.src).href;
  window.requirejs.config({
    waitSeconds: 0,
    paths: {
      anywidget: libraries + "anywidget", // the one module that embed-amd.js does not hold
      // embed-amd.js defines these two; it looks for its icon fonts beside them
      "@jupyter-widgets/html-manager": libraries + "html-manager",
      "@jupyter-widgets/html-manager/dist/libembed-amd": libraries + "libembed-amd",
    },
  });
  // The manager calls MathJax 2 to typeset labels; the page has MathJax 3.
  document.addEventListener("DOMContentLoaded", () => {
    const mathjax = window.MathJax;
    if (!mathjax || mathjax.Hub) return;
    mathjax.Hub = {
      Queue([command, , element]) {
        if (command !== "Typeset" || !mathjax.typesetPromise) return;
        mathjax.startup.promise = mathjax.startup.promise
          .then(() => mathjax.typesetPromise([element]))
          .catch((error) => console.warn(error));
      },
    };
  });
})();
