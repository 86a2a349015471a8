//! Who signs: what platforms offer, and people who log in. Every provider is the sandbox or a stand-in on this machine.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::command::{Command, Finished};
use crate::release::project::Project;
use crate::sign::Bench;

/// `attest sign` through the sandbox, with no identity yet.
fn sign(bench: &Bench) -> Command {
    Command::attest()
        .current_dir(bench.path(""))
        .args(["sign", "a.tar.gz", "--signing-config", "signing_config.json"])
        .args(["--trusted-root", "trusted_root.json", "--retry-for", "1"])
}

fn token(bench: &Bench) -> String {
    fs::read_to_string(bench.path("token")).unwrap()
}

/// A bundle that verifies, and no token in what was said.
#[track_caller]
fn signed(bench: &Bench, finished: Finished) {
    let finished = finished.expect_code(0);
    assert!(!finished.stderr_text().contains("eyJ"), "{}", finished.stderr_text());
    bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
}

#[track_caller]
fn failed(bench: &Bench, finished: Finished, code: i32, name: &str) -> String {
    let finished = finished.expect_code(code);
    let text = finished.stderr_text();
    assert!(text.contains(&format!("error[{name}]")), "{text}");
    assert!(!text.contains("eyJ"), "{text}");
    assert_eq!(bench.bundles(), [""; 0]);
    text.to_owned()
}

/// Puts a program of a platform on the path; it keeps what it was called with.
fn with_program(bench: &Bench, command: Command, name: &str, script: &str) -> Command {
    let directory = bench.path("bin");
    fs::create_dir_all(&directory).unwrap();
    let program = directory.join(name);
    fs::write(
        &program,
        format!(
            "#!/bin/sh\necho \"$@\" > {}\n{script}\n",
            bench.path("called").display()
        ),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    command.env("PATH", format!("{}:/usr/bin:/bin", directory.display()))
}

/// Asks for a page, and for the one to which that leads.
fn visit(url: &str) -> String {
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
    match answer.lines().find_map(|line| line.strip_prefix("location: ")) {
        Some(location) => visit(location),
        None => answer,
    }
}

/// A server that gives everybody the same answer.
fn stand_in(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).unwrap();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            )
            .unwrap();
        }
    });
    host
}

#[test]
fn without_any_identity_it_is_told_what_was_looked_for() {
    let bench = Bench::new();
    let text = failed(&bench, sign(&bench).run(), 2, "identity-missing");
    let names = [
        "envvar",
        "github-actions",
        "gitlab",
        "buildkite-agent",
        "circleci",
        "filesystem",
        "google",
    ];
    let places: Vec<usize> = names
        .iter()
        .map(|name| text.find(&format!("\n  {name} ")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("\nhint: "), "{text}");
}

#[test]
fn a_job_without_the_permission_is_told_which_one() {
    let bench = Bench::new();
    let text = failed(
        &bench,
        sign(&bench).env("GITHUB_ACTIONS", "true").run(),
        2,
        "identity-missing",
    );
    assert!(text.contains("give it `permissions: id-token: write`"), "{text}");
    let text = failed(
        &bench,
        sign(&bench).env("GITLAB_CI", "true").run(),
        2,
        "identity-missing",
    );
    assert!(
        text.contains("give it `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`"),
        "{text}"
    );
}

#[test]
fn a_token_in_a_variable_is_taken() {
    for (name, provider) in [("SIGSTORE_ID_TOKEN", "gitlab"), ("SIGSTORE_IDENTITY_TOKEN", "envvar")] {
        let bench = Bench::new();
        let command = sign(&bench).env(name, token(&bench)).env("GITLAB_CI", "true");
        signed(&bench, command.args(["--oidc-provider", provider]).run());
    }
}

#[test]
fn the_agent_of_buildkite_is_asked() {
    let bench = Bench::new();
    let command = sign(&bench).env("BUILDKITE", "true");
    let command = with_program(&bench, command, "buildkite-agent", "cat token; echo signing >&2");
    signed(&bench, command.run());
    let called = fs::read_to_string(bench.path("called")).unwrap();
    assert_eq!(called, "oidc request-token --audience sigstore\n");
}

#[test]
fn a_job_of_buildkite_without_the_program_asks_over_http() {
    let bench = Bench::new();
    let host = stand_in(format!(r#"{{"token":"{}"}}"#, token(&bench)));
    let command = sign(&bench)
        .env("PATH", "/nowhere")
        .env("BUILDKITE_AGENT_ACCESS_TOKEN", "s3cret")
        .env("BUILDKITE_AGENT_ENDPOINT", format!("http://{host}/v3"))
        .env("BUILDKITE_JOB_ID", "0184990a-477b-4fa8-9968-496074483cee");
    signed(&bench, command.run());
}

#[test]
fn the_program_of_circleci_is_asked_for_a_token_for_sigstore() {
    let bench = Bench::new();
    let command = sign(&bench)
        .env("CIRCLECI", "true")
        .env("CIRCLE_OIDC_TOKEN_V2", "not.for.us");
    let command = with_program(&bench, command, "circleci", "cat token");
    signed(&bench, command.run());
    let called = fs::read_to_string(bench.path("called")).unwrap();
    assert_eq!(called, "run oidc get --claims {\"aud\":\"sigstore\"} --root-issuer\n");
}

#[test]
fn a_program_that_fails_is_told_and_its_token_is_not_shown() {
    let bench = Bench::new();
    let command = sign(&bench).env("BUILDKITE", "true");
    let script = "echo \"denied for $(cat token)\" >&2; exit 1";
    let command = with_program(&bench, command, "buildkite-agent", script);
    let text = failed(&bench, command.run(), 3, "identity-agent-failed");
    assert!(
        text.contains("gave no identity token: exit status: 1: denied for …"),
        "{text}"
    );
}

#[test]
fn a_metadata_server_is_asked_where_there_is_one() {
    let bench = Bench::new();
    let host = stand_in(token(&bench));
    signed(&bench, sign(&bench).env("GCE_METADATA_HOST", host).run());
    let bench = Bench::new();
    let command = sign(&bench).env("GCE_METADATA_HOST", "metadata.example.com");
    failed(&bench, command.run(), 2, "url-unusable");
}

#[test]
fn the_first_provider_that_is_there_wins_unless_another_is_named() {
    let bench = Bench::new();
    let command = || {
        let command = sign(&bench)
            .env("SIGSTORE_ID_TOKEN", token(&bench))
            .env("BUILDKITE", "true");
        with_program(&bench, command, "buildkite-agent", "exit 7")
    };
    let text = failed(
        &bench,
        command().args(["--oidc-provider", "buildkite-agent"]).run(),
        3,
        "identity-agent-failed",
    );
    assert!(text.contains("exit status: 7"), "{text}");
    let text = failed(
        &bench,
        command().args(["--oidc-provider", "circleci"]).run(),
        2,
        "identity-provider-absent",
    );
    assert!(text.contains("CIRCLECI is not set"), "{text}");
    failed(
        &bench,
        command().args(["--oidc-provider", "nobody"]).run(),
        2,
        "identity-provider-unknown",
    );
    let alone = command().arg("--oidc-disable-ambient-providers").run();
    failed(&bench, alone, 2, "identity-missing");
    signed(&bench, command().run());
}

#[test]
fn a_person_logs_in_with_a_browser() {
    let bench = Bench::new();
    let command = sign(&bench)
        .args(["--fulcio-auth-flow", "normal"])
        .env("BROWSER", "/no/such");
    let finished = command.run_watched(|line| {
        if let Some(url) = line.strip_prefix("  http").map(|rest| format!("http{rest}")) {
            std::thread::spawn(move || assert!(visit(&url).contains("Go on in the terminal")));
        }
    });
    signed(&bench, finished);
}

#[test]
fn the_browser_of_the_person_is_opened_with_the_address() {
    let bench = Bench::new();
    let script = bench.path("browser");
    fs::write(
        &script,
        "#!/bin/sh\nprintf %s \"$2\" > address.new\nmv address.new address\n",
    )
    .unwrap();
    let address = bench.path("address");
    let watcher = std::thread::spawn(move || {
        let begin = std::time::Instant::now();
        while !address.exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "no browser was opened");
            std::thread::sleep(Duration::from_millis(5));
        }
        visit(&fs::read_to_string(&address).unwrap())
    });
    let browser = format!("/bin/sh {} --new-window %s", script.display());
    let finished = sign(&bench)
        .args(["--fulcio-auth-flow", "normal"])
        .env("BROWSER", browser)
        .run();
    signed(&bench, finished);
    assert!(watcher.join().unwrap().contains("Go on in the terminal"));
}

#[test]
fn a_person_logs_in_on_another_device() {
    for flag in [
        &["--oidc-device-flow"][..],
        &["--no-browser"],
        &["--fulcio-auth-flow", "device"],
    ] {
        let bench = Bench::new();
        let mut code = None;
        let finished = sign(&bench).args(flag).run_watched(|line| {
            if let Some(url) = line.strip_prefix("with the code in it: ") {
                code = url.split('=').nth(1).map(str::to_owned);
                visit(url);
            }
        });
        assert!(
            finished.stderr_text().contains(&format!("\n  {}\n", code.unwrap())),
            "{}",
            finished.stderr_text()
        );
        signed(&bench, finished);
    }
}

#[test]
fn a_person_who_says_no_on_the_device_signs_nothing() {
    let bench = Bench::new();
    let finished = sign(&bench).arg("--oidc-device-flow").run_watched(|line| {
        if let Some(url) = line.strip_prefix("with the code in it: ") {
            let (page, query) = url.strip_prefix("http://").unwrap().split_once("/device?").unwrap();
            let mut stream = TcpStream::connect(page).unwrap();
            let body = format!("{query}&decision=deny");
            write!(
                stream,
                "POST /device HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\ncontent-type: \
                 application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
    });
    let text = failed(&bench, finished, 3, "login-refused");
    assert!(text.contains("refused the login with `access_denied`"), "{text}");
}

#[test]
fn a_provider_that_is_away_or_wrong_leaves_nothing() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let with = |arguments: &[&str]| sign(&bench).arg("--oidc-device-flow").args(arguments).run();
    failed(&bench, with(&["--oidc-issuer", &away]), 3, "service-unreachable");
    failed(
        &bench,
        with(&["--oidc-issuer", "http://issuer.example.com"]),
        2,
        "url-unusable",
    );
    let browser = |url: &str| {
        sign(&bench)
            .args(["--fulcio-auth-flow", "normal", "--oidc-redirect-url", url])
            .run()
    };
    failed(&bench, browser("http://example.com/"), 2, "redirect-url-invalid");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_url = format!("http://localhost:{}/", taken.local_addr().unwrap().port());
    let text = failed(&bench, browser(&taken_url), 3, "redirect-port-unusable");
    assert!(text.contains(&taken_url), "{text}");
}

#[test]
fn a_login_as_another_client_is_for_another_audience() {
    let bench = Bench::new();
    let arguments = ["--oidc-device-flow", "--oidc-client-id", "app"];
    let finished = sign(&bench).args(arguments).run_watched(|line| {
        if let Some(url) = line.strip_prefix("with the code in it: ") {
            visit(url);
        }
    });
    let text = failed(&bench, finished, 3, "service-refused");
    assert!(
        text.contains("expected claim `aud` of the identity token to be `sigstore`, found `app`"),
        "{text}"
    );
}

#[test]
fn a_login_that_cannot_begin_ends_a_release_before_anything_is_built() {
    let (bench, project) = (Bench::new(), Project::new("prebuilt"));
    let finished = project
        .attest(&[
            "release",
            "--fulcio-auth-flow",
            "normal",
            "--oidc-redirect-url",
            "http://example.com/",
        ])
        .arg("--signing-config")
        .arg(bench.path("signing_config.json"))
        .arg("--trusted-root")
        .arg(bench.path("trusted_root.json"))
        .run();
    failed(&bench, finished, 2, "redirect-url-invalid");
    project.assert_nothing_left();
}
