// Search runs in a web worker, which browsers deny to pages that are opened from a folder.
// There the worker's script runs in a hidden frame, behind the same few methods.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.onmessage = this.onerror = null;
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      this.inside = this.frame.contentWindow;
      this.inside.postMessage = (data) => {
        setTimeout(() => this.onmessage?.(new MessageEvent("message", { data })));
      };
      this.ready = new Promise((resolve) => {
        const script = this.inside.document.createElement("script");
        script.onload = resolve;
        script.onerror = (event) => this.onerror?.(event);
        script.src = new URL(url, document.baseURI).href;
        this.inside.document.head.append(script);
      });
    }

    postMessage(data) {
      this.ready.then(() => this.inside.onmessage?.(new MessageEvent("message", { data })));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
