//! Logins of people against the sandbox: browser and device, and what is not taken for an answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use attest_net::{DevicePrompt, Endpoint, Error, Login, LoginClient, Person, RedirectUrl};
use attest_sandbox::{Claims, Config, Keys, ManualClock, Server, Sigstore};
use attest_sign::IdentityToken;
use jiff::Timestamp;

use crate::identity::{clock, net};
use crate::stub::{Answer, Stub, http};

const USER: &str = "signer@example.com";

fn sandbox() -> Server {
    let now = clock().now();
    let sigstore = Sigstore::new(Config {
        keys: Keys::from_seed([3; 32], Timestamp::from_second(1_899_000_000).unwrap()),
        clock: Arc::new(ManualClock::new(now)),
        user: Claims::email(USER),
        issuers: Vec::new(),
    });
    Server::start(sigstore.unwrap(), 0).unwrap()
}

fn login(issuer: &str) -> Login {
    let client = LoginClient {
        id: "sigstore".to_owned(),
        secret: None,
    };
    Login::new(Endpoint::parse(issuer).unwrap(), client, &http(), clock())
}

/// Whoever sits at the browser.
struct Visitor<F: FnMut(&str)>(F);

impl<F: FnMut(&str)> Person for Visitor<F> {
    fn visit(&mut self, url: &str) {
        (self.0)(url);
    }

    fn enter(&mut self, prompt: &DevicePrompt) {
        (self.0)(prompt.complete_url.as_deref().unwrap());
    }
}

/// Asks for a page; where it leads, and what it says.
fn get(url: &str) -> (Option<String>, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    (location.map(str::to_owned), answer)
}

/// Comes back from the provider to the program, on a thread: the program waits only after the visit.
fn follow(url: &str) {
    let url = url.to_owned();
    std::thread::spawn(move || {
        let (location, _) = get(&url);
        let (_, page) = get(&location.unwrap());
        assert!(page.contains("Go on in the terminal"), "{page}");
    });
}

/// Comes back with an answer that no provider gave, and with the right state.
fn come_back(url: &str, fields: &str) {
    let query: Vec<&str> = url.split_once('?').unwrap().1.split('&').collect();
    let value = |name: &str| {
        query
            .iter()
            .find_map(|field| field.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    let back = value("redirect_uri=").replace("%3A", ":").replace("%2F", "/");
    let answer = format!("{back}?{fields}&state={}", value("state="));
    std::thread::spawn(move || get(&answer));
}

/// What a provider without extras says of itself.
fn description(url: &str) -> serde_json::Value {
    serde_json::json!({
        "issuer": url, "authorization_endpoint": format!("{url}/auth"), "token_endpoint": format!("{url}/token"),
    })
}

fn browse(issuer: &str, visit: impl FnMut(&str)) -> Result<IdentityToken, attest_sign::Error> {
    login(issuer).in_browser(&RedirectUrl::default(), &mut Visitor(visit))
}

#[test]
fn a_person_comes_back_from_the_browser_with_a_token() {
    let sandbox = sandbox();
    let token = browse(sandbox.url(), follow).unwrap();
    assert_eq!(token.email_unverified(), Some(USER));
    assert_eq!(token.issuer_unverified(), sandbox.url());
}

#[test]
fn the_question_carries_everything_that_binds_the_answer() {
    let sandbox = sandbox();
    let mut asked = String::new();
    browse(sandbox.url(), |url| {
        asked = url.to_owned();
        follow(url);
    })
    .unwrap();
    for field in [
        "/auth?response_type=code&client_id=sigstore&redirect_uri=http%3A%2F%2Flocalhost%3A",
        "%2Fauth%2Fcallback&scope=openid+email&state=",
        "&nonce=",
        "&code_challenge=",
        "&code_challenge_method=S256",
    ] {
        assert!(asked.contains(field), "{field} in {asked}");
    }
}

#[test]
fn icons_strangers_and_silent_connections_do_not_disturb() {
    let sandbox = sandbox();
    let token = browse(sandbox.url(), |url| {
        let (location, _) = get(url);
        let location = location.unwrap();
        std::thread::spawn(move || {
            let host = location.split('/').nth(2).unwrap().to_owned();
            let _silent = TcpStream::connect(&host).unwrap();
            assert!(
                get(&format!("http://{host}/favicon.ico"))
                    .1
                    .starts_with("HTTP/1.1 404 ")
            );
            let stranger = get(&format!("http://{host}/auth/callback?code=x&state=guessed")).1;
            assert!(stranger.starts_with("HTTP/1.1 400 "), "{stranger}");
            get(&location);
        });
    });
    assert_eq!(token.unwrap().email_unverified(), Some(USER));
}

#[test]
fn a_person_who_says_no_is_believed() {
    let sandbox = sandbox();
    let error = browse(sandbox.url(), |url| {
        come_back(url, "error=access_denied&error_description=not+today");
    });
    let error = net(&error.unwrap_err());
    assert_eq!(
        error,
        Error::LoginRefused {
            issuer: sandbox.url().to_owned(),
            code: "access_denied".to_owned(),
            description: "not today".to_owned(),
        }
    );
}

#[test]
fn a_code_of_somebody_else_buys_nothing() {
    let sandbox = sandbox();
    let error = browse(sandbox.url(), |url| {
        let (location, _) = get(url);
        let (before, after) = location.as_deref().unwrap().split_once("code=").unwrap();
        let (_, rest) = after.split_once('&').unwrap();
        let forged = format!("{before}code=0123456789&{rest}");
        std::thread::spawn(move || get(&forged));
    });
    let error = net(&error.unwrap_err());
    assert!(
        matches!(&error, Error::LoginRefused { code, .. } if code == "invalid_grant"),
        "{error}"
    );
}

#[test]
fn nobody_is_waited_for_forever() {
    let sandbox = sandbox();
    let login = login(sandbox.url()).with_patience(Duration::from_millis(50));
    let error = login.in_browser(&RedirectUrl::default(), &mut Visitor(|_: &str| {}));
    assert_eq!(net(&error.unwrap_err()), Error::LoginTimedOut { seconds: 0 });
}

#[test]
fn a_device_gets_its_token_once_the_code_was_entered() {
    let sandbox = sandbox();
    let mut visitor = Visitor(|url: &str| {
        get(url);
    });
    let token = login(sandbox.url()).on_device(&mut visitor).unwrap();
    assert_eq!(token.email_unverified(), Some(USER));
}

#[test]
fn a_provider_that_calls_itself_something_else_is_not_asked_anything() {
    let description = serde_json::json!({
        "issuer": "https://issuer.example.com",
        "authorization_endpoint": "https://issuer.example.com/auth",
        "token_endpoint": "https://issuer.example.com/token",
    });
    let stub = Stub::start([Answer::ok(description.to_string())]);
    let error = browse(stub.url(), |_| panic!("nobody is sent anywhere"));
    assert_eq!(
        net(&error.unwrap_err()).to_string(),
        format!(
            "expected itself as `issuer` from identity provider at {}/, found `https://issuer.example.com`",
            stub.url()
        )
    );
    assert_eq!(stub.requests().len(), 1);
}

#[test]
fn a_provider_without_devices_says_so() {
    let stub = Stub::start_with(|url| vec![Answer::ok(description(url).to_string())]);
    let error = login(stub.url()).on_device(&mut Visitor(|_: &str| {}));
    assert_eq!(
        net(&error.unwrap_err()),
        Error::LoginUnavailable {
            issuer: stub.url().to_owned(),
            missing: "login with a code on another device",
        }
    );
}

#[test]
fn a_token_with_another_nonce_is_not_taken() {
    let stub = Stub::start_with(|url| {
        let description = description(url);
        let token = crate::identity::jwt_of(&serde_json::json!({
            "iss": url, "sub": "s", "aud": "sigstore", "exp": clock().now().as_second() + 60, "nonce": "another",
        }));
        let token = serde_json::json!({ "id_token": token });
        vec![Answer::ok(description.to_string()), Answer::ok(token.to_string())]
    });
    let error = browse(stub.url(), |url| {
        come_back(url, "code=c");
    });
    let error = net(&error.unwrap_err());
    assert!(
        matches!(&error, Error::TokenClaim { claim: "nonce", found, .. } if found == "another"),
        "{error}"
    );
    let redeemed = String::from_utf8(stub.requests()[1].body.clone()).unwrap();
    assert!(
        redeemed.starts_with("grant_type=authorization_code&code=c&redirect_uri="),
        "{redeemed}"
    );
    assert!(
        redeemed.contains("&code_verifier=") && redeemed.ends_with("&client_id=sigstore"),
        "{redeemed}"
    );
}

#[test]
fn a_device_is_sent_to_no_page_that_others_can_read_along() {
    let pages = [
        "http://issuer.example.com/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:secret@issuer.example.com/",
    ];
    for page in pages {
        let stub = Stub::start_with(|url| {
            let mut description = description(url);
            description["device_authorization_endpoint"] = format!("{url}/device").into();
            let codes = serde_json::json!({
                "device_code": "d", "user_code": "u", "verification_uri": page, "expires_in": 60,
            });
            vec![Answer::ok(description.to_string()), Answer::ok(codes.to_string())]
        });
        let error = login(stub.url()).on_device(&mut Visitor(|_: &str| panic!("nobody is sent to {page}")));
        assert!(matches!(net(&error.unwrap_err()), Error::Url { .. }), "{page}");
    }
}

#[test]
fn a_confidential_client_authenticates() {
    let stub = Stub::start_with(|url| {
        let mut description = description(url);
        description["device_authorization_endpoint"] = format!("{url}/device").into();
        let refusal = r#"{"error":"invalid_client","error_description":"who are you?"}"#;
        vec![Answer::ok(description.to_string()), Answer::new(401, &[], refusal)]
    });
    let client = LoginClient {
        id: "app:1".to_owned(),
        secret: Some(attest_net::Secret::new("s3:cret")),
    };
    let login = Login::new(Endpoint::parse(stub.url()).unwrap(), client, &http(), clock());
    assert!(!format!("{login:?}").contains("s3:cret"));
    let error = net(&login.on_device(&mut Visitor(|_: &str| {})).unwrap_err());
    assert_eq!(
        error.to_string(),
        format!("{} refused the login with `invalid_client`: who are you?", stub.url())
    );
    let head = stub.requests()[1].head.clone();
    assert!(
        head.to_lowercase()
            .contains("authorization: basic yxbwjtnbmtpzmyuzqwnyzxq="),
        "{head}"
    );
}
