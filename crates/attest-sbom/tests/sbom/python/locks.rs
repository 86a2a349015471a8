use super::{COMMIT, HASH, said};

#[test]
fn a_lock_of_poetry_2_has_groups_alternatives_and_sources() {
    let lock = format!(
        r#"
[[package]]
name = "a"
version = "1.0"
groups = ["main", "dev"]
files = [{{file = "a-1.0-py3-none-any.whl", hash = "sha256:{HASH}"}}, {{file = "a-1.0.tar.gz", hash = "sha256:{HASH}"}}]
[package.dependencies]
B_x = [{{version = "^1", markers = "python_version < '3.9'"}}, {{version = ">=2,<3", markers = "python_version >= '3.9'"}}]
opt = {{version = "*", optional = true, markers = "extra == 'more'"}}
missing = "*"
[[package]]
name = "b-x"
version = "1.5"
groups = ["main"]
[[package]]
name = "b-x"
version = "2.5"
groups = ["main"]
[[package]]
name = "b-x"
version = "3.5"
groups = ["dev"]
[[package]]
name = "opt"
version = "4"
groups = ["dev"]
[package.source]
type = "git"
url = "https://example.com/o/opt.git"
reference = "main"
resolved_reference = "{COMMIT}"
"#
    );
    let manifest = "[tool.poetry]\nname = \"App\"\nversion = \"0.1\"\nlicense = \"MIT\"\n[tool.poetry.dependencies]\npython = \"^3.8\"\na = \"^1\"\ngone = \"*\"\n\
                    [tool.poetry.group.dev.dependencies]\nb-x = \"^3\"\nleft-out = \"*\"\n";
    let said = said(&[("poetry.lock", &lock), ("pyproject.toml", manifest)]);
    let root = &said.document["metadata"]["component"];
    assert_eq!((&root["name"], &root["version"]), (&"App".into(), &"0.1".into()));
    assert_eq!(root["licenses"][0]["expression"], "MIT");
    assert_eq!(root.get("purl"), None);
    let opt = format!("pkg:pypi/opt@4?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fopt.git%40{COMMIT}");
    assert_eq!(
        said.purls(),
        [
            "pkg:pypi/a@1.0",
            "pkg:pypi/b-x@1.5",
            "pkg:pypi/b-x@2.5",
            "pkg:pypi/b-x@3.5",
            &opt
        ]
    );
    assert_eq!(said.needs("App@0.1"), ["a@1.0", "b-x@3.5"]);
    assert_eq!(said.needs("a@1.0"), ["b-x@1.5", "b-x@2.5", "opt@4"]);
    assert_eq!(said.excluded(), ["b-x", "opt"]);
    assert_eq!(said.property("a", "attest:python:files"), None);
    assert_eq!(
        said.component("a")["externalReferences"][0]["url"],
        "a-1.0-py3-none-any.whl"
    );
    assert_eq!(
        said.gaps,
        ["poetry.lock: unresolved: the manifest asks for `gone`, which is not locked"]
    );
}

#[test]
fn locks_of_older_poetry_say_less_and_the_rest_follows_from_the_manifest() {
    let old = "[[package]]\nname = \"a\"\nversion = \"1\"\ncategory = \"main\"\noptional = false\n[[package]]\nname = \"b\"\nversion = \"1\"\n\
               category = \"dev\"\noptional = false\n[metadata]\nlock-version = \"1.1\"\n[metadata.files]\n\
               a = [{file = \"a-1.tar.gz\", hash = \"sha256:HASH\"}]\nb = []\n"
        .replace("HASH", HASH);
    let said_old = said(&[("poetry.lock", &old)]);
    assert_eq!(said_old.excluded(), ["b"]);
    assert_eq!(said_old.component("a")["hashes"][0]["content"], HASH);
    let lock = "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.dependencies]\nc = {version = \"*\", optional = true}\n\
                [package.extras]\nmore = [\"c (>=1)\"]\n[[package]]\nname = \"b\"\nversion = \"1\"\n[package.dependencies]\n\
                a = {version = \"*\", extras = [\"more\"]}\nd = \"*\"\n[[package]]\nname = \"c\"\nversion = \"1\"\n\
                [[package]]\nname = \"d\"\nversion = \"1\"\n[metadata]\nlock-version = \"2.0\"\n";
    let manifest = |group: &str| {
        format!(
            "[tool.poetry]\nname = \"p\"\nversion = \"1\"\n[tool.poetry.dependencies]\na = \"*\"\n[tool.poetry.{group}]\nb = \"*\"\n"
        )
    };
    for group in ["dev-dependencies", "group.test.dependencies"] {
        let said = said(&[("poetry.lock", lock), ("pyproject.toml", &manifest(group))]);
        assert_eq!(said.excluded(), ["b", "c", "d"], "{group}");
        assert_eq!(said.needs("a@1"), ["c@1"]);
    }
    assert!(said(&[("poetry.lock", lock)]).excluded().is_empty());
}

#[test]
fn a_lock_of_uv_names_the_workspace() {
    let lock = format!(
        r#"
version = 1
[manifest]
members = ["app", "lib"]
[[package]]
name = "app"
version = "0.2"
source = {{ editable = "." }}
dependencies = [{{ name = "a", extra = ["fast"] }}, {{ name = "lib" }}, {{ name = "n", version = "1", source = {{ registry = "https://example.com/simple" }}, marker = "python_full_version < '3.9'" }}]
[package.optional-dependencies]
web = [{{ name = "w" }}]
[package.dev-dependencies]
dev = [{{ name = "d" }}, {{ name = "a", extra = ["slow"] }}]
[[package]]
name = "lib"
source = {{ editable = "packages/lib" }}
[[package]]
name = "a"
version = "1"
source = {{ registry = "https://example.com/simple" }}
dependencies = [{{ name = "n", version = "2", source = {{ registry = "https://example.com/simple" }} }}]
sdist = {{ url = "https://example.com/a-1.tar.gz", hash = "sha256:{HASH}", size = 1 }}
[package.optional-dependencies]
fast = [{{ name = "f" }}]
slow = [{{ name = "s" }}]
[[package]]
name = "n"
version = "1"
source = {{ registry = "https://example.com/simple" }}
[[package]]
name = "n"
version = "2"
source = {{ registry = "https://example.com/simple" }}
[[package]]
name = "d"
version = "1"
source = {{ git = "https://example.com/o/d?rev=v1#{COMMIT}" }}
[[package]]
name = "f"
version = "1"
source = {{ url = "https://example.com/f-1.zip" }}
[[package]]
name = "s"
version = "1"
source = {{ path = "../s-1.tar.gz" }}
[[package]]
name = "w"
version = "1"
source = {{ registry = "../index" }}
"#
    );
    let manifest = "[project]\nname = \"app\"\nversion = \"0.2\"\ndependencies = [\"a[fast]\", \"lib\"]\nlicense = \"Apache-2.0\"\n[project.scripts]\napp = \"app:main\"\n";
    let said = said(&[
        ("uv.lock", &lock),
        ("pyproject.toml", manifest),
        (
            "packages/lib/pyproject.toml",
            "[project]\nname = \"lib\"\ndynamic = [\"version\"]\n",
        ),
    ]);
    assert!(said.gaps.is_empty(), "{:?}", said.gaps);
    let root = &said.document["metadata"]["component"];
    assert_eq!(
        (&root["purl"], &root["type"]),
        (&"pkg:pypi/app@0.2".into(), &"application".into())
    );
    let d = format!("pkg:pypi/d@1?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fd%40{COMMIT}");
    assert_eq!(
        said.purls(),
        [
            "pkg:pypi/a@1",
            &d,
            "pkg:pypi/f@1?download_url=https:%2F%2Fexample.com%2Ff-1.zip",
            "pkg:pypi/lib",
            "pkg:pypi/n@1",
            "pkg:pypi/n@2",
            "pkg:pypi/s@1",
            "pkg:pypi/w@1",
        ]
    );
    assert_eq!(said.needs("app@0.2"), ["a@1", "d@1", "lib", "n@1", "w@1"]);
    assert_eq!(said.needs("a@1"), ["f@1", "n@2", "s@1"]);
    assert_eq!(said.excluded(), ["d", "s"]);
    assert_eq!(said.property("lib", "attest:own"), Some("true"));
}

#[test]
fn a_lock_of_pdm_has_groups_that_the_manifest_explains() {
    let lock = "[metadata]\ngroups = [\"default\", \"more\", \"test\"]\n[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"default\"]\n\
                dependencies = [\"B.c>=1; python_version < '3'\"]\n[[package]]\nname = \"a\"\nversion = \"1\"\nextras = [\"x\"]\ngroups = [\"test\"]\n\
                dependencies = [\"a==1\", \"e\"]\n[[package]]\nname = \"b-c\"\nversion = \"1\"\ngroups = [\"test\"]\n\
                [[package]]\nname = \"e\"\nversion = \"1\"\ngroups = [\"test\", \"more\"]\n";
    let manifest = "[project]\nname = \"p\"\ndependencies = [\"a\"]\noptional-dependencies.more = [\"e\"]\n[dependency-groups]\ntest = [\"p[more]\", \"a[x]\"]\n";
    let said_with = said(&[("pdm.lock", lock), ("pyproject.toml", manifest)]);
    assert_eq!(said_with.excluded(), ["b-c"]);
    assert_eq!(said_with.needs("a@1"), ["b-c@1", "e@1"]);
    assert_eq!(said_with.needs("p"), ["a@1", "e@1"]);
    assert!(said_with.gaps.is_empty(), "{:?}", said_with.gaps);
    assert!(said(&[("pdm.lock", lock)]).excluded().is_empty());
}

#[test]
fn a_lock_of_pipenv_knows_versions_and_no_edges() {
    let lock = format!(
        r#"{{"_meta": {{"hash": {{"sha256": "x"}}, "pipfile-spec": 6}},
        "default": {{"a": {{"hashes": ["sha256:{HASH}"], "version": "==1.0", "markers": "python_version >= '3'"}}, "p": {{"editable": true, "path": "."}},
                     "g": {{"git": "https://example.com/o/g.git", "ref": "{COMMIT}"}}}},
        "develop": {{"b": {{"hashes": [], "version": "==2.0"}}}}}}"#
    );
    let said = said(&[("Pipfile.lock", &lock)]);
    let g = format!("pkg:pypi/g?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fg.git%40{COMMIT}");
    assert_eq!(said.purls(), ["pkg:pypi/a@1.0", "pkg:pypi/b@2.0", &g]);
    assert_eq!(said.excluded(), ["b"]);
    assert_eq!(said.component("a")["hashes"][0]["content"], HASH);
    let compositions = said.document["compositions"].as_array().unwrap();
    assert!(compositions.iter().any(|one| one["aggregate"] == "incomplete"));
    // Everything is listed: nothing is missing but what needs what.
    assert_eq!(said.gaps, [""; 0]);
    let of_root = |one: &&serde_json::Value| one.get("assemblies").is_some();
    assert_eq!(compositions.iter().find(of_root).unwrap()["aggregate"], "complete");
}

#[test]
fn a_folder_that_is_asked_for_and_is_not_there_is_told() {
    let lists = "-e ./here\n-e ./gone\n./also-gone\n-e ../outside\n-e .\na==1\n";
    let said = said(&[
        ("x/requirements.txt", lists),
        ("x/requirements/dev.txt", "-e ./here\n-e ..\n"),
        ("x/here/setup.cfg", ""),
    ]);
    // Where a folder outside lies is nobody's business.
    let told = ["./also-gone", "./gone", "outside"];
    let expected = told.map(|folder| {
        format!("x/requirements.txt: unresolved: it asks for what lies in `{folder}`, which is not there")
    });
    assert_eq!(said.gaps, expected);
}

#[test]
fn a_pylock_says_by_its_markers_what_is_for_development() {
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\ndependency-groups = [\"dev\"]\ndefault-groups = [\"base\"]\n\
         [[packages]]\nname = \"a\"\nversion = \"1\"\nmarker = \"python_version > '3' and 'base' in dependency_groups\"\ndependencies = [{{name = \"b\"}}]\n\
         wheels = [{{url = \"https://example.com/a-1-py3-none-any.whl\", upload-time = 2026-01-01T00:00:00Z, hashes = {{sha256 = \"{HASH}\"}}}}]\n\
         [[packages]]\nname = \"b\"\nversion = \"1\"\nmarker = \"'dev' in dependency_groups or 'x' in extras\"\n\
         [[packages]]\nname = \"c\"\nmarker = \"'dev' in dependency_groups\"\nvcs = {{type = \"git\", url = \"https://example.com/o/c\", commit-id = \"{COMMIT}\"}}\n"
    );
    let said = said(&[
        ("pylock.toml", &lock),
        ("pylock.dev.toml", "lock-version = \"1.0\"\npackages = 3\n"),
    ]);
    assert_eq!(said.purls().len(), 3);
    assert_eq!(said.excluded(), ["c"]);
    assert_eq!(said.needs("a@1"), ["b@1"]);
    assert_eq!(said.component("a")["hashes"][0]["content"], HASH);
    assert_eq!(said.gaps.len(), 1);
    assert!(
        said.gaps[0].starts_with("pylock.dev.toml: damaged: "),
        "{:?}",
        said.gaps
    );
}

#[test]
fn requirements_are_read_with_what_they_include() {
    let said = said(&[
        (
            "requirements.txt",
            "-r requirements/base.txt\n-c limits.txt\nfree\nlimited>=1\n",
        ),
        ("limits.txt", "limited==1.5\nunused==9\n"),
        (
            "requirements/base.txt",
            "-r ../requirements.txt\n-r odd.pip\nA.b==1.0\n    # via c\nc==2 # via -r x.in\nwhat is this\n-r gone.txt\n-r ../../c/limits.txt\n-r /other.txt\n",
        ),
        (
            "requirements/odd.pip",
            "d @ git+https://example.com/o/d@main\nwanted @ https://example.com/wanted-3.0-py3-none-any.whl\n",
        ),
    ]);
    assert_eq!(
        said.purls(),
        [
            "pkg:pypi/a-b@1.0",
            "pkg:pypi/c@2",
            "pkg:pypi/d?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fd%40main",
            "pkg:pypi/free",
            "pkg:pypi/limited@1.5",
            "pkg:pypi/wanted@3.0?download_url=https:%2F%2Fexample.com%2Fwanted-3.0-py3-none-any.whl",
        ]
    );
    assert_eq!(said.needs("c@2"), ["A.b@1.0"]);
    assert_eq!(
        said.gaps,
        [
            "requirements.txt: no-lock: no version is settled for `free`",
            "requirements/base.txt: damaged: expected a requirement, found `what is this`",
            "requirements/base.txt: unresolved: it includes `gone.txt`, which is not there",
            "requirements/base.txt: unresolved: it includes `limits.txt`, which lies outside of what is read",
            "requirements/base.txt: unresolved: it includes `other.txt`, which lies outside of what is read",
            "requirements/odd.pip: no-lock: no version is settled for `d`",
        ]
    );
}

#[test]
fn a_manifest_without_a_lock_takes_its_versions_from_requirements_or_says_that_there_are_none() {
    let manifest = "[project]\nname = \"p\"\nversion = \"1\"\ndependencies = [\"a>=1\", \"b\", \"c==3\"]\n[dependency-groups]\ndev = [\"t\"]\n";
    let said = said(&[("pyproject.toml", manifest), ("requirements.txt", "a==1.5\n")]);
    assert_eq!(
        said.purls(),
        ["pkg:pypi/a@1.5", "pkg:pypi/b", "pkg:pypi/c@3", "pkg:pypi/t"]
    );
    assert_eq!(said.needs("p@1"), ["a@1.5", "b", "c@3", "t"]);
    assert_eq!(said.excluded(), ["t"]);
    assert_eq!(
        said.gaps,
        ["pyproject.toml: no-lock: no version is settled for `b`, `t`"]
    );
}

#[test]
fn a_project_that_only_a_program_describes_is_a_gap() {
    let gap = |path: &str| format!("{path}: no-lock: what it asks for is not read without a lock file");
    let alone = said(&[
        ("setup.py", "setup()"),
        ("sub/Pipfile", "[packages]\n"),
        ("lib/python3.11/site-packages/x/setup.py", ""),
    ]);
    assert_eq!(alone.gaps, [gap("setup.py"), gap("sub/Pipfile")]);
    let settled = said(&[("setup.py", "setup()"), ("requirements.txt", "a==1\n")]);
    assert!(settled.gaps.is_empty(), "{:?}", settled.gaps);
}

#[test]
fn what_lies_inside_a_locked_project_is_another_one_and_named() {
    let lock = "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\"]\n";
    let manifest = "[project]\nname = \"p\"\ndependencies = [\"zzz>=1\"]\n";
    let said = said(&[
        ("poetry.lock", lock),
        ("docs/requirements.txt", "b==1\n"),
        ("requirements.txt", "c==1\n"),
        ("tool.py", "# /// script\n# dependencies = [\"d\"]\n# ///\n"),
        ("sub/poetry.lock", "damaged"),
        ("sub/pyproject.toml", manifest),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/a@1"]);
    assert!(said.gaps.is_empty(), "{:?}", said.gaps);
    let properties = said.document["metadata"]["properties"].as_array().unwrap();
    let others = properties.iter().filter(|one| one["name"] == "attest:not-listed");
    let others: Vec<_> = others.map(|one| one["value"].as_str().unwrap()).collect();
    assert_eq!(
        others,
        [
            "docs/requirements.txt",
            "requirements.txt",
            "sub/poetry.lock",
            "sub/pyproject.toml",
            "tool.py"
        ]
    );
}

#[test]
fn a_lock_that_leaves_groups_to_the_manifest_says_that_it_is_alone() {
    let text = "[[package]]\nname = \"a\"\nversion = \"1\"\n";
    for (name, said_groups) in [
        ("poetry.lock", "groups = [\"main\"]"),
        ("pdm.lock", "groups = [\"default\"]"),
    ] {
        let alone = said(&[(name, text)]);
        let detail = "it does not say what only development needs, and the manifest that does is not there";
        assert_eq!(alone.gaps, [format!("{name}: no-manifest: {detail}")]);
        assert!(said(&[(name, &format!("{text}{said_groups}\n"))]).gaps.is_empty());
        let manifest = (
            "pyproject.toml",
            "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"a\"]\n",
        );
        assert!(said(&[(name, text), manifest]).gaps.is_empty());
    }
}
