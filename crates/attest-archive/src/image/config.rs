use std::collections::{BTreeMap, BTreeSet};

use attest_digest::Digest;
use serde_json::{Map, Value, json};

use super::manifest::written;
use super::{Assignment, Error, Platform, Settings, keys};

/// What the history says of a layer that was made here. Neither a version nor a path: both would differ without a reason.
const CREATED_BY: &str = "attest pack image";

/// The keys of a configuration and of its `config`, in the order of Go's structures.
const KEYS: [&str; 10] = [
    "created",
    "author",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "rootfs",
    "history",
];
const CONFIG_KEYS: [&str; 9] = [
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
];

const ROOT_KEYS: [&str; 2] = ["type", "diff_ids"];
const STEP_KEYS: [&str; 5] = ["created", "created_by", "author", "comment", "empty_layer"];

/// The configuration of an image. Keys that are not known here are kept as they came.
///
/// Source: OCI image-spec 1.1, `config.md`.
#[derive(Debug, Clone)]
pub(super) struct Configuration(Map<String, Value>);

impl Configuration {
    /// That of an image without layers.
    pub(super) fn scratch(platform: &Platform) -> Self {
        let mut map = Map::new();
        map.insert("architecture".into(), platform.architecture().into());
        map.insert("os".into(), platform.os().into());
        for (key, value) in [("variant", platform.variant()), ("os.version", platform.os_version())] {
            if let Some(value) = value {
                map.insert(key.into(), value.into());
            }
        }
        map.insert("rootfs".into(), json!({"type": "layers", "diff_ids": []}));
        map.insert("history".into(), json!([]));
        Self(map)
    }

    /// Reads that of an image of so many layers.
    pub(super) fn of_base(json: &[u8], layers: usize) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Json {
            expected: "the configuration of an image",
            reason,
        };
        let map: Map<String, Value> = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        refuse_twins(&map)?;
        let this = Self(map);
        let diff_ids = this.0.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"));
        let diff_ids = diff_ids.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for diff_id in diff_ids {
            let text = diff_id.as_str().unwrap_or_default();
            let _: Digest = text.parse()?;
        }
        for (key, is_right) in [
            ("config", Value::is_object as fn(&Value) -> bool),
            ("history", Value::is_array),
        ] {
            if this
                .0
                .get(key)
                .is_some_and(|value| !value.is_null() && !is_right(value))
            {
                return Err(wrong(format!("`{key}` is something else")));
            }
        }
        match diff_ids.len() == layers {
            true => Ok(this),
            false => Err(Error::LayerCount {
                expected: layers,
                found: diff_ids.len(),
            }),
        }
    }

    /// What it runs on, if it says so.
    pub(super) fn platform(&self) -> Option<Platform> {
        serde_json::from_value(Value::Object(self.0.clone())).ok()
    }

    /// Puts a layer on top, or, without one, notes that the settings were changed.
    pub(super) fn push(&mut self, diff_id: Option<&Digest>, created: &str) {
        if let (Some(diff_id), Some(rootfs)) = (diff_id, self.0.get_mut("rootfs").and_then(Value::as_object_mut))
            && let Some(diff_ids) = rootfs.get_mut("diff_ids").and_then(Value::as_array_mut)
        {
            diff_ids.push(diff_id.to_string().into());
        }
        self.0.insert("created".into(), created.into());
        let mut entry = json!({"created": created, "created_by": CREATED_BY});
        if diff_id.is_none() {
            entry["empty_layer"] = true.into();
        }
        // A base without a history has none to which one more layer could be added.
        if let Some(history) = self.0.get_mut("history").and_then(Value::as_array_mut) {
            history.push(entry);
        }
    }

    /// Changes what was set, and leaves the rest.
    pub(super) fn set(&mut self, settings: &Settings) {
        let mut config = match self.0.remove("config") {
            Some(Value::Object(config)) => config,
            _ => Map::new(),
        };
        if settings.entrypoint.is_some() {
            config.remove("Cmd");
        }
        for (key, value) in single_values(settings) {
            config.insert(key.to_owned(), value);
        }
        set_environment(&mut config, &settings.environment);
        add_names(
            &mut config,
            "ExposedPorts",
            settings.ports.iter().map(|port| port.as_str()),
        );
        add_names(
            &mut config,
            "Volumes",
            settings.volumes.iter().map(|path| path.as_str()),
        );
        add_labels(&mut config, &settings.labels);
        self.0
            .insert("config".into(), Value::Object(in_order(config, &CONFIG_KEYS)));
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        written(&in_order(self.0.clone(), &KEYS))
    }
}

/// A key that Go takes for another would count instead of it, or behind one that is set here.
fn refuse_twins(map: &Map<String, Value>) -> Result<(), Error> {
    keys::refuse_twins(map.keys(), &KEYS)?;
    let object = |key: &str, known| match map.get(key).and_then(Value::as_object) {
        Some(object) => keys::refuse_twins(object.keys(), known),
        None => Ok(()),
    };
    object("config", &CONFIG_KEYS)?;
    object("rootfs", &ROOT_KEYS)?;
    let history = map.get("history").and_then(Value::as_array);
    let mut steps = history.into_iter().flatten().filter_map(Value::as_object);
    steps.try_for_each(|step| keys::refuse_twins(step.keys(), &STEP_KEYS))
}

/// What takes the place of what a base says, under its key.
fn single_values(settings: &Settings) -> impl Iterator<Item = (&'static str, Value)> {
    let word = |word: Option<&str>| word.map(Value::from);
    let words = |words: &Option<Vec<String>>| words.clone().map(Value::from);
    let values = [
        ("Entrypoint", words(&settings.entrypoint)),
        ("Cmd", words(&settings.command)),
        ("User", word(settings.user.as_ref().map(|user| user.as_str()))),
        (
            "WorkingDir",
            word(settings.directory.as_ref().map(|path| path.as_str())),
        ),
        (
            "StopSignal",
            word(settings.stop_signal.as_ref().map(|signal| signal.as_str())),
        ),
    ];
    values.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

/// A variable takes the place of the one of its name; new ones come behind.
fn set_environment(config: &mut Map<String, Value>, variables: &[Assignment]) {
    if variables.is_empty() {
        return;
    }
    let mut environment = config.get("Env").and_then(Value::as_array).cloned().unwrap_or_default();
    for variable in variables {
        let start = format!("{}=", variable.key());
        let is_same = |value: &Value| value.as_str().is_some_and(|text| text.starts_with(&start));
        match environment.iter_mut().find(|value| is_same(value)) {
            Some(value) => *value = variable.to_string().into(),
            None => environment.push(variable.to_string().into()),
        }
    }
    config.insert("Env".into(), environment.into());
}

/// A set is an object of empty objects, sorted.
fn add_names<'a>(config: &mut Map<String, Value>, key: &str, names: impl Iterator<Item = &'a str>) {
    let before = config.get(key).and_then(Value::as_object);
    let mut all: BTreeSet<String> = before.into_iter().flat_map(|map| map.keys().cloned()).collect();
    all.extend(names.map(str::to_owned));
    if !all.is_empty() {
        let map: Map<String, Value> = all.into_iter().map(|name| (name, json!({}))).collect();
        config.insert(key.into(), map.into());
    }
}

fn add_labels(config: &mut Map<String, Value>, labels: &BTreeMap<String, String>) {
    let before = config.get("Labels").and_then(Value::as_object).cloned();
    let mut all: BTreeMap<String, Value> = before.into_iter().flatten().collect();
    all.extend(labels.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
    if !all.is_empty() {
        let map: Map<String, Value> = all.into_iter().collect();
        config.insert("Labels".into(), map.into());
    }
}

/// The keys that are named first, in that order, then the others as they came.
fn in_order(mut map: Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let mut ordered: Map<String, Value> = keys
        .iter()
        .filter_map(|key| map.shift_remove(*key).map(|value| ((*key).to_owned(), value)))
        .collect();
    ordered.extend(map);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const CREATED: &str = "2023-11-14T22:13:20Z";

    fn text(configuration: &Configuration) -> String {
        String::from_utf8(configuration.to_json()).unwrap()
    }

    #[test]
    fn a_new_configuration_has_its_keys_in_the_order_of_go() {
        let mut configuration = Configuration::scratch(&"linux/arm/v7".parse().unwrap());
        configuration.push(Some(&DIGEST.parse().unwrap()), CREATED);
        configuration.set(&Settings {
            entrypoint: Some(vec!["/app".into()]),
            environment: vec!["A=1".parse().unwrap()],
            user: Some("65532:65532".parse().unwrap()),
            ports: ["80".parse().unwrap(), "53/udp".parse().unwrap()].into(),
            ..Settings::default()
        });
        assert_eq!(
            text(&configuration),
            format!(
                r#"{{"created":"{CREATED}","architecture":"arm","os":"linux","variant":"v7","config":{{"User":"65532:65532","ExposedPorts":{{"53/udp":{{}},"80/tcp":{{}}}},"Env":["A=1"],"Entrypoint":["/app"]}},"rootfs":{{"type":"layers","diff_ids":["{DIGEST}"]}},"history":[{{"created":"{CREATED}","created_by":"attest pack image"}}]}}"#
            )
        );
    }

    fn base() -> Configuration {
        let json = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"Env":["PATH=/bin","LANG=C"],"Cmd":["sh"],"Labels":{{"a":"1"}},"OnBuild":null}},"rootfs":{{"type":"layers","diff_ids":["{DIGEST}"]}},"history":[{{"created_by":"base"}}],"x":1}}"#
        );
        Configuration::of_base(json.as_bytes(), 1).unwrap()
    }

    #[test]
    fn what_a_base_says_is_kept_unless_it_is_set() {
        let mut configuration = base();
        assert_eq!(configuration.platform().unwrap().to_string(), "linux/amd64");
        configuration.push(None, CREATED);
        configuration.set(&Settings {
            entrypoint: Some(vec!["/app".into()]),
            environment: vec!["LANG=C.UTF-8".parse().unwrap(), "NEW=".parse().unwrap()],
            labels: [("b".to_owned(), "2".to_owned())].into(),
            ..Settings::default()
        });
        let text = text(&configuration);
        for part in [
            r#""config":{"Env":["PATH=/bin","LANG=C.UTF-8","NEW="],"Entrypoint":["/app"],"Labels":{"a":"1","b":"2"},"OnBuild":null}"#,
            r#""history":[{"created_by":"base"},{"created":"2023-11-14T22:13:20Z","created_by":"attest pack image","empty_layer":true}]"#,
            r#","x":1}"#,
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_key_that_go_takes_for_another_is_rejected_at_every_level() {
        for (json, expected, twin) in [
            (r#"{"Config":{"Entrypoint":["/evil"]}}"#, "config", "Config"),
            (r#"{"config":{"entrypoint":["/evil"]}}"#, "Entrypoint", "entrypoint"),
            (r#"{"config":{"OnBuild":null,"onbuild":["x"]}}"#, "OnBuild", "onbuild"),
            (r#"{"rootfs":{"diff_ids":[],"Diff_IDs":[]}}"#, "diff_ids", "Diff_IDs"),
            (r#"{"history":[{},{"Empty_layer":true}]}"#, "empty_layer", "Empty_layer"),
            (r#"{"OS":"windows"}"#, "os", "OS"),
        ] {
            let error = Configuration::of_base(json.as_bytes(), 0).unwrap_err();
            let is_it = |error: &Error| matches!(error, Error::KeyTwin { expected: e, found } if e == expected && found == twin);
            assert!(is_it(&error), "{error}");
        }
        let json = br#"{"config":{"Labels":{"a":"1","A":"2"},"Volumes":{"/x":{},"/X":{}},"OnBuild":null}}"#;
        assert!(Configuration::of_base(json, 0).is_ok());
    }

    #[test]
    fn a_configuration_of_other_layers_or_none_at_all_is_rejected() {
        let json = br#"{"rootfs":{"type":"layers","diff_ids":[]}}"#;
        let error = Configuration::of_base(json, 1).unwrap_err();
        assert!(matches!(error, Error::LayerCount { expected: 1, found: 0 }));
        for json in [&b"[]"[..], b"{", br#"{"config":[]}"#, br#"{"history":{}}"#] {
            let error = Configuration::of_base(json, 0).unwrap_err();
            assert!(matches!(error, Error::Json { .. }), "{error}");
        }
        let json = br#"{"rootfs":{"diff_ids":["x"]}}"#;
        assert!(matches!(Configuration::of_base(json, 1), Err(Error::Digest(_))));
    }
}
