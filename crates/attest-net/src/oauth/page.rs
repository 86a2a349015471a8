/// A page for the one who comes back: it says where things go on. It loads nothing and runs nothing.
pub(super) struct Page<'a> {
    pub(super) status: u16,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
}

pub(super) const DONE: Page<'_> = Page {
    status: 200,
    title: "Go on in the terminal",
    text: "attest has the answer of your identity provider. This page can be closed.",
};

pub(super) const REFUSED: Page<'_> = Page {
    status: 200,
    title: "You are not signed in",
    text: "The identity provider said no; the terminal shows why. This page can be closed.",
};

pub(super) const STRANGER: Page<'_> = Page {
    status: 400,
    title: "This is not the answer that attest waits for",
    text: "It belongs to another login. Go back to the page that attest opened, or start again in the terminal.",
};

pub(super) const NOTHING: Page<'_> = Page {
    status: 404,
    title: "Nothing is here",
    text: "attest waits for the answer of a login at another address.",
};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}\
main{max-width:30rem;margin:1rem;padding:2rem 2.5rem;border:1px solid color-mix(in srgb,CanvasText 20%,Canvas);border-radius:12px}\
h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:0;opacity:.8}";

impl Page<'_> {
    /// The whole answer, as HTTP/1.1.
    pub(super) fn to_response(&self) -> String {
        let Self { status, title, text } = self;
        let body = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1><p>{text}</p></main></body></html>\n"
        );
        format!(
            "HTTP/1.1 {status} {}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
             content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
             referrer-policy: no-referrer\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
             connection: close\r\n\r\n{body}",
            if *status == 200 { "OK" } else { "Refused" },
            body.len()
        )
    }
}
