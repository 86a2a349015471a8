//! A push that is killed at any moment leaves tags that are whole, and is finished by the same command.

use std::fs;

use serde_json::Value;

use super::base::Scene;
use super::noise;
use super::proxy::Proxy;
use super::server::State;
use super::sha256;

/// How often it is killed, with and without an image that was there before.
const MOMENTS: u64 = 25;

/// The last bytes that go, in which the manifests and the tags are.
const END: u64 = 6000;

/// A layout to push, a registry, and what stands between.
struct Case {
    scene: Scene,
    proxy: Proxy,
    digest: String,
}

impl Case {
    fn new() -> Self {
        let scene = Scene::new();
        for machine in ["amd64", "arm64"] {
            let seed = machine.as_bytes()[1] as usize;
            fs::write(scene.path(machine).join("data"), &noise(150_000 + seed)[seed..]).unwrap();
        }
        let arguments = [
            "--platform",
            "linux/amd64=amd64",
            "--platform",
            "linux/arm64=arm64",
            "--tag",
            "v1",
            "-o",
            "large",
        ];
        scene.pack(&arguments).expect_code(0);
        let index: Value = serde_json::from_slice(&fs::read(scene.path("large/index.json")).unwrap()).unwrap();
        let digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        let proxy = Proxy::start(scene.registry.host());
        Self { scene, proxy, digest }
    }

    /// The registry has nothing, or another image under the tag.
    fn reset(&self, has_other: bool) {
        let mut state = self.scene.registry.state();
        state.blobs.clear();
        state.manifests.clear();
        state.log.clear();
        drop(state);
        if has_other {
            assert_eq!(self.scene.push("layout"), self.scene.digest);
        }
    }

    fn push(&self) -> std::process::Child {
        let place = format!("oci://{}/team/app:v1", self.proxy.host());
        self.scene.attest_command(&["push", "large", &place]).spawn()
    }

    /// How many bytes a whole push sends.
    fn length(&self, has_other: bool) -> u64 {
        self.reset(has_other);
        self.proxy.begin(None);
        assert!(self.push().wait().unwrap().success());
        self.proxy.end()
    }

    fn kill_at(&self, has_other: bool, moment: u64) {
        self.reset(has_other);
        self.proxy.begin(Some(moment));
        let mut child = self.push();
        assert!(self.proxy.wait(), "the push ended before byte {moment}");
        child.kill().unwrap();
        child.wait().unwrap();
        self.proxy.end();
        let state = self.scene.registry.state();
        let digest = state.manifests.get("v1").map(|(_, bytes)| sha256(bytes).to_string());
        let is_old = digest.as_ref() == has_other.then_some(&self.scene.digest);
        assert!(is_old || digest.as_ref() == Some(&self.digest), "{moment}: {digest:?}");
        assert_eq!(missing(&state), Vec::<String>::new(), "at byte {moment}");
    }

    /// Runs it again. What was there does not go again.
    fn finish(&self, moment: u64) {
        let mut state = self.scene.registry.state();
        let layout = fs::read_dir(self.scene.path("large/blobs/sha256")).unwrap();
        let blobs = layout.map(|entry| fs::read(entry.unwrap().path()).unwrap());
        let is_manifest =
            |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).is_ok_and(|json| json["mediaType"].is_string());
        let absent = |bytes: &Vec<u8>| !is_manifest(bytes) && !state.blobs.contains_key(&sha256(bytes).to_string());
        let left: usize = blobs.filter(absent).map(|bytes| bytes.len()).sum();
        state.log.clear();
        drop(state);
        self.proxy.begin(None);
        assert!(self.push().wait().unwrap().success());
        self.proxy.end();
        let state = self.scene.registry.state();
        let uploads = state.log.iter().filter(|request| request.target.contains("/uploads/"));
        assert_eq!(
            uploads.map(|request| request.body.len()).sum::<usize>(),
            left,
            "after byte {moment}"
        );
        assert_eq!(sha256(&state.manifests["v1"].1).to_string(), self.digest);
        assert_eq!(missing(&state), Vec::<String>::new(), "after byte {moment}");
    }
}

/// What tags lead to and is not there.
fn missing(state: &State) -> Vec<String> {
    let tags = state.manifests.iter().filter(|(name, _)| !name.contains(':'));
    tags.flat_map(|(_, (_, bytes))| missing_of(state, bytes)).collect()
}

fn missing_of(state: &State, manifest: &[u8]) -> Vec<String> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap();
    let digests = |key: &str| {
        let list = manifest[key].as_array().cloned().unwrap_or_default();
        list.into_iter()
            .map(|entry| entry["digest"].as_str().unwrap().to_owned())
    };
    let config = manifest["config"]["digest"].as_str().map(str::to_owned);
    let mut missing: Vec<String> = digests("layers")
        .chain(config)
        .filter(|digest| !state.blobs.contains_key(digest))
        .collect();
    for digest in digests("manifests") {
        match state.manifests.get(&digest) {
            Some((_, bytes)) => missing.extend(missing_of(state, bytes)),
            None => missing.push(digest),
        }
    }
    missing
}

/// Half of them anywhere, half at the end; always the same ones.
fn moments(length: u64) -> Vec<u64> {
    let noise = noise(MOMENTS as usize * 4);
    let numbers = noise
        .chunks_exact(4)
        .map(|bytes| u64::from(u32::from_le_bytes(bytes.try_into().unwrap())));
    let moment = |(round, number): (usize, u64)| match round % 2 {
        0 => number % length + 1,
        _ => length - number % END,
    };
    let mut moments: Vec<u64> = numbers.enumerate().map(moment).collect();
    // All is sent, and no answer came.
    moments.push(length);
    moments
}

#[test]
fn a_push_that_is_killed_leaves_the_tag_whole_and_is_finished_by_the_next() {
    let case = Case::new();
    for has_other in [false, true] {
        let length = case.length(has_other);
        assert!(length > 300_000, "{length}");
        for moment in moments(length) {
            case.kill_at(has_other, moment);
            case.finish(moment);
        }
    }
}

#[test]
fn a_tag_that_leads_nowhere_is_seen() {
    let case = Case::new();
    case.reset(true);
    assert_eq!(missing(&case.scene.registry.state()), Vec::<String>::new());
    let mut state = case.scene.registry.state();
    let (first, _) = state.blobs.pop_first().unwrap();
    assert_eq!(missing(&state), [first]);
    let below = state
        .manifests
        .keys()
        .find(|name| name.contains(':') && **name != case.scene.digest)
        .unwrap()
        .clone();
    state.manifests.remove(&below);
    assert!(missing(&state).contains(&below));
}
