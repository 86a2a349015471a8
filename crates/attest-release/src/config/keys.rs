//! Every key of `attest.toml`, in the order of `docs/CONFIGURATION.md`, which a test compares with this table.

/// One table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its path: empty for the top of the file, `binary.cargo` for a table in a `[[binary]]`.
    pub path: &'static str,
    /// Its keys, tables included.
    pub keys: &'static [&'static str],
}

/// The top of the file.
pub const TOP: Table = Table {
    path: "",
    keys: &[
        "format",
        "project",
        "build",
        "binary",
        "archive",
        "source",
        "files",
        "chart",
        "python",
        "image",
        "checksums",
        "sbom",
        "provenance",
        "sign",
    ],
};
/// `[project]`.
pub const PROJECT: Table = Table {
    path: "project",
    keys: &["name", "version", "description", "license", "repository"],
};
/// `[build]`.
pub const BUILD: Table = Table {
    path: "build",
    keys: &["targets", "triples", "skip-unavailable"],
};
/// `[[binary]]`.
pub const BINARY: Table = Table {
    path: "binary",
    keys: &["name", "targets", "cargo", "go", "command", "prebuilt"],
};
/// `cargo = { … }` in a `[[binary]]`.
pub const CARGO: Table = Table {
    path: "binary.cargo",
    keys: &[
        "package",
        "bin",
        "features",
        "all-features",
        "no-default-features",
        "profile",
    ],
};
/// `go = { … }` in a `[[binary]]`.
pub const GO: Table = Table {
    path: "binary.go",
    keys: &["package", "ldflags", "tags", "cgo"],
};
/// `command = { … }` in a `[[binary]]`.
pub const COMMAND: Table = Table {
    path: "binary.command",
    keys: &["run", "output", "environment", "tools"],
};
/// `[archive]`.
pub const ARCHIVE: Table = Table {
    path: "archive",
    keys: &["name", "format", "format-by-os", "files", "wrap"],
};
/// `[source]`.
pub const SOURCE: Table = Table {
    path: "source",
    keys: &["enabled", "name", "formats", "profile", "submodules", "lfs"],
};
/// `[[files]]`.
pub const FILES: Table = Table {
    path: "files",
    keys: &["name", "directory", "files", "formats", "wrap"],
};
/// `[[chart]]`.
pub const CHART: Table = Table {
    path: "chart",
    keys: &["directory", "version", "app-version", "key", "publish"],
};
/// `[python]`.
pub const PYTHON: Table = Table {
    path: "python",
    keys: &["files"],
};
/// `[[image]]`.
pub const IMAGE: Table = Table {
    path: "image",
    keys: &[
        "name",
        "binaries",
        "base",
        "base-name",
        "entrypoint",
        "command",
        "environment",
        "user",
        "directory",
        "ports",
        "volumes",
        "stop-signal",
        "labels",
        "annotations",
        "tags",
        "publish",
    ],
};
/// `[checksums]`.
pub const CHECKSUMS: Table = Table {
    path: "checksums",
    keys: &["enabled", "algorithms"],
};
/// `[sbom]`.
pub const SBOM: Table = Table {
    path: "sbom",
    keys: &["enabled", "exclude", "authors", "supplier", "manufacturer", "profile"],
};
/// `[provenance]`.
pub const PROVENANCE: Table = Table {
    path: "provenance",
    keys: &["name", "builder-id"],
};
/// `[sign]`.
pub const SIGN: Table = Table {
    path: "sign",
    keys: &[
        "enabled",
        "bundle",
        "per-archive",
        "legacy",
        "rekor-version",
        "certificate-identity",
        "certificate-oidc-issuer",
    ],
};

/// Every table.
pub const ALL: [Table; 17] = [
    TOP, PROJECT, BUILD, BINARY, CARGO, GO, COMMAND, ARCHIVE, SOURCE, FILES, CHART, PYTHON, IMAGE, CHECKSUMS, SBOM,
    PROVENANCE, SIGN,
];
