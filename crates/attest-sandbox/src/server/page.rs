use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Nothing is loaded and nothing runs; forms go to the sandbox and from there to programs on this machine.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                      form-action 'self' http://localhost:* http://127.0.0.1:* http://[::1]:*";

const STYLE: &str = "\
:root{color-scheme:light dark;--line:color-mix(in srgb,CanvasText 20%,Canvas)}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}\
main{width:min(28rem,100vw - 2rem);padding:2rem 2.25rem;border:1px solid var(--line);border-radius:12px}\
h1{font-size:1.35rem;margin:0 0 .75rem}p{margin:0 0 1rem}\
label{display:block;font-size:.9rem;margin:0 0 .35rem}\
input{width:100%;font:inherit;padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;margin:0 0 1.25rem}\
.row{display:flex;gap:.75rem}\
button{flex:1;font:inherit;padding:.6rem;border-radius:8px;border:1px solid var(--line);background:Canvas;color:CanvasText;cursor:pointer}\
button.yes{background:#1a56b8;border-color:#1a56b8;color:#fff}\
button:focus-visible,input:focus-visible{outline:3px solid #6ea3f5;outline-offset:1px}\
small{display:block;margin-top:1.25rem;opacity:.7}code{font-size:.95em}";

/// A question to a person: whether a program may have a token, and as whom.
pub(super) struct Question<'a> {
    /// Where the answer goes.
    pub(super) action: &'static str,
    /// Which program, by the name that it gave itself.
    pub(super) asker: &'a str,
    /// Where it waits.
    pub(super) place: &'a str,
    /// As whom, unless the person says otherwise.
    pub(super) address: Option<&'a str>,
    /// What has to come back with the answer.
    pub(super) fields: Vec<(&'a String, &'a String)>,
}

/// A page that only tells something.
pub(super) struct Notice {
    title: &'static str,
    text: &'static str,
}

pub(super) const SIGNED_IN: Notice = Notice {
    title: "The program is signed in",
    text: "It goes on by itself. This page can be closed.",
};

pub(super) const NOT_SIGNED_IN: Notice = Notice {
    title: "The program is not signed in",
    text: "It is told that you said no. This page can be closed.",
};

impl Question<'_> {
    pub(super) fn to_html(&self) -> String {
        let hidden: String = self
            .fields
            .iter()
            .map(|(name, value)| {
                format!(
                    r#"<input type="hidden" name="{}" value="{}">"#,
                    escaped(name),
                    escaped(value)
                )
            })
            .collect();
        let body = format!(
            r#"<h1>Sign in to the sandbox</h1>
<p><code>{asker}</code> ({place}) asks for a token with which it can sign as you for ten minutes.</p>
<form method="post" action="{action}">{hidden}
<label for="address">Sign in as</label>
<input id="address" name="login_hint" type="email" autocomplete="off" value="{address}" placeholder="the user of this sandbox">
<div class="row"><button name="decision" value="deny" formnovalidate>Deny</button>
<button class="yes" name="decision" value="allow">Allow</button></div></form>
<small>A sandbox believes whatever address you enter. What it signs is worth nothing outside of it.</small>"#,
            asker = escaped(self.asker),
            place = escaped(self.place),
            action = self.action,
            address = escaped(self.address.unwrap_or_default()),
        );
        document("Sign in to the sandbox", &body)
    }
}

impl Notice {
    pub(super) fn to_html(&self) -> String {
        let Self { title, text } = self;
        document(title, &format!("<h1>{title}</h1><p>{text}</p>"))
    }
}

/// A page that asks for the code that a program shows; `wrong` is one for which nothing waits.
pub(super) fn enter_code(wrong: &str) -> String {
    let told = match wrong {
        "" => "Enter the code that the program shows.".to_owned(),
        wrong => format!(
            "No program waits for the code <code>{}</code>. Enter the one that it shows.",
            escaped(wrong)
        ),
    };
    let body = format!(
        r#"<h1>Sign in a program</h1>
<p>{told}</p>
<form method="get" action="/device"><label for="code">Code</label>
<input id="code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus>
<div class="row"><button class="yes">Go on</button></div></form>"#
    );
    document("Sign in a program", &body)
}

pub(super) fn html(status: StatusCode, text: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text.to_owned()).into_response()
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
}

/// Foreign text between tags or in a quoted attribute.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_says_is_no_markup() {
        let (name, value) = ("state\"><script>".to_owned(), "'><img src=x>".to_owned());
        let question = Question {
            action: "/auth",
            asker: "<b>evil</b>",
            place: "a&b",
            address: Some("\"onfocus=x@example.com"),
            fields: vec![(&name, &value)],
        };
        let html = question.to_html();
        for markup in ["<script>", "<img", "<b>", "\"onfocus"] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
        assert!(html.contains("&lt;b&gt;evil&lt;/b&gt;"));
    }
}
