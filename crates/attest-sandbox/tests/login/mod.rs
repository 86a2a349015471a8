//! Logins as clients and browsers go through them.

use attest_sandbox::Clock as _;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::client::{Answer, Client, EMAIL};

/// A request with the challenge of RFC 7636, appendix B.
const REQUEST: &str = "client_id=sigstore&redirect_uri=http%3A%2F%2Flocalhost%3A4242%2Fauth%2Fcallback&response_type=code\
                       &scope=openid%20email&state=a%26b&nonce=n-1\
                       &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const DEVICE_GRANT: &str = "grant_type=urn:ietf:params:oauth:grant-type:device_code";

/// The code in the address that a browser is sent to.
#[track_caller]
fn code(answer: &Answer) -> String {
    let location = answer.header("location").unwrap();
    let query = location
        .strip_prefix("http://localhost:4242/auth/callback?code=")
        .unwrap();
    let (code, rest) = query.split_once('&').unwrap();
    assert!(rest.starts_with("state=a%26b&iss=http%3A%2F%2Flocalhost%3A"), "{rest}");
    code.to_owned()
}

fn redeem(client: &Client, code: &str, verifier: &str) -> Answer {
    let form = format!(
        "grant_type=authorization_code&code={code}&code_verifier={verifier}&client_id=sigstore\
         &redirect_uri=http%3A%2F%2Flocalhost%3A4242%2Fauth%2Fcallback"
    );
    client.submit("/token", &form)
}

#[track_caller]
fn claims(answer: Answer) -> Value {
    let token = answer.expect(200).json();
    assert_eq!(token["access_token"], token["id_token"]);
    let payload = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn a_program_is_sent_on_and_its_code_works_once() {
    let client = Client::start();
    let code = code(&client.get(&format!("/auth?{REQUEST}")).expect(303));
    let payload = claims(redeem(&client, &code, VERIFIER));
    assert_eq!((&payload["nonce"], &payload["email"]), (&json!("n-1"), &json!(EMAIL)));
    assert_eq!(payload["aud"], "sigstore");
    let again = redeem(&client, &code, VERIFIER).expect(400).json();
    assert_eq!(again["error"], "invalid_grant");
}

#[test]
fn a_person_is_asked_and_may_sign_in_as_somebody_else() {
    let client = Client::start();
    let page = client.visit(&format!("/auth?{REQUEST}")).expect(200);
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(
        page.text().contains(r#"name="state" value="a&amp;b""#),
        "{}",
        page.text()
    );
    assert!(page.text().contains(EMAIL));
    let answer = client.submit(
        "/auth",
        &format!("{REQUEST}&decision=allow&login_hint=other%40example.com"),
    );
    let payload = claims(redeem(&client, &code(&answer.expect(303)), VERIFIER));
    assert_eq!(payload["email"], "other@example.com");
}

#[test]
fn a_person_may_say_no() {
    let client = Client::start();
    let answer = client.submit("/auth", &format!("{REQUEST}&decision=deny")).expect(303);
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("http://localhost:4242/auth/callback?error=access%5Fdenied&error_description="),
        "{location}"
    );
    assert!(location.contains("&state=a%26b&"), "{location}");
}

#[test]
fn a_request_without_prompt_asks_nobody() {
    let client = Client::start();
    let answer = client.visit(&format!("/auth?{REQUEST}&prompt=none&login_hint=other%40example.com"));
    let payload = claims(redeem(&client, &code(&answer.expect(303)), VERIFIER));
    assert_eq!(payload["email"], "other@example.com");
}

#[test]
fn a_code_is_bound_to_its_verifier_and_to_its_time() {
    let client = Client::start();
    let fresh = || code(&client.get(&format!("/auth?{REQUEST}")).expect(303));
    let wrong = redeem(&client, &fresh(), "another").expect(400).json();
    assert_eq!(
        wrong["error_description"],
        "the code_verifier does not match the code_challenge"
    );
    let late = fresh();
    client.clock.set(client.clock.now() + SignedDuration::from_mins(10));
    let late = redeem(&client, &late, VERIFIER).expect(400).json();
    assert_eq!(late["error_description"], "the code has run out");
}

#[test]
fn what_is_refused_is_refused_before_anybody_is_asked() {
    let client = Client::start();
    let cases = [
        (
            "response_type=code&redirect_uri=http%3A%2F%2Fexample.com%2F",
            "invalid_request",
        ),
        (
            "response_type=token&redirect_uri=http%3A%2F%2Flocalhost%2F",
            "unsupported_response_type",
        ),
        (
            "redirect_uri=http%3A%2F%2Flocalhost%2F&code_challenge=x&code_challenge_method=plain",
            "invalid_request",
        ),
        (
            "redirect_uri=http%3A%2F%2Flocalhost%2F&login_hint=nobody",
            "invalid_request",
        ),
    ];
    for (query, error) in cases {
        for answer in [
            client.get(&format!("/auth?{query}")),
            client.visit(&format!("/auth?{query}")),
        ] {
            assert_eq!(answer.expect(400).json()["error"], error, "{query}");
        }
    }
}

#[test]
fn a_device_waits_for_a_person() {
    let client = Client::start();
    let device = client
        .submit("/device/code", "client_id=sigstore&scope=openid")
        .expect(200)
        .json();
    let poll = format!("{DEVICE_GRANT}&device_code={}", device["device_code"].as_str().unwrap());
    let refusal = || client.submit("/token", &poll).expect(400).json()["error"].clone();
    assert_eq!(refusal(), "authorization_pending");
    assert_eq!(refusal(), "slow_down");
    let user_code = device["user_code"].as_str().unwrap();
    let page = client
        .visit(&format!("/device?user_code={user_code}"))
        .expect(200)
        .text();
    assert!(page.contains("Sign in to the sandbox"), "{page}");
    let told = client
        .submit("/device", &format!("user_code={user_code}&decision=allow&login_hint="))
        .expect(200);
    assert!(told.text().contains("The program is signed in"));
    assert_eq!(claims(client.submit("/token", &poll))["email"], EMAIL);
}

#[test]
fn a_device_is_told_of_a_no() {
    let client = Client::start();
    let device = client.submit("/device/code", "client_id=sigstore").expect(200).json();
    let user_code = device["user_code"].as_str().unwrap();
    client
        .submit("/device", &format!("user_code={user_code}&decision=deny"))
        .expect(200);
    let poll = format!("{DEVICE_GRANT}&device_code={}", device["device_code"].as_str().unwrap());
    assert_eq!(
        client.submit("/token", &poll).expect(400).json()["error"],
        "access_denied"
    );
}

#[test]
fn a_program_that_comes_with_the_code_consents() {
    let client = Client::start();
    let device = client.submit("/device/code", "client_id=sigstore").expect(200).json();
    let complete = device["verification_uri_complete"].as_str().unwrap();
    let path = complete.strip_prefix(client.server.url()).unwrap();
    client.get(path).expect(200);
    client.get(path).expect(400);
    let poll = format!("{DEVICE_GRANT}&device_code={}", device["device_code"].as_str().unwrap());
    assert_eq!(claims(client.submit("/token", &poll))["email"], EMAIL);
}
