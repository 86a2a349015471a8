//! The name of a configuration in, whether what it holds runs in the end out.

/// A configuration, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Configuration {
    pub(super) usage: Use,
}

/// What a configuration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// A class path of the program.
    Main,
    /// Tests, tools and plug-ins of the build, annotation processors, source sets beside the main one.
    Development,
    /// A build may give any name.
    Unknown,
}

/// Class paths of the main source set, and what plugins called them before Gradle 7.
const MAIN: [&str; 8] = [
    "runtimeClasspath",
    "compileClasspath",
    "productionRuntimeClasspath",
    "runtime",
    "compile",
    "default",
    "providedCompile",
    "providedRuntime",
];

/// Source sets that stand for the main one where a program is built for several platforms or in several variants.
const VARIANTS: [&str; 18] = [
    "release",
    "debug",
    "main",
    "jvm",
    "js",
    "wasm",
    "android",
    "desktop",
    "native",
    "common",
    "metadata",
    "ios",
    "macos",
    "linux",
    "mingw",
    "watchos",
    "tvos",
    "production",
];

/// Words in the names of configurations that only a build uses: what Gradle itself and the common plugins call them.
const DEVELOPMENT: [&str; 43] = [
    "test",
    "androidtest",
    "annotationprocessor",
    "checkstyle",
    "pmd",
    "spotbugs",
    "findbugs",
    "jacoco",
    "ktlint",
    "detekt",
    "spotless",
    "errorprone",
    "codenarc",
    "jmh",
    "kapt",
    "ksp",
    "dokka",
    "asciidoctor",
    "javadoc",
    "kotlincompiler",
    "kotlinbuildtools",
    "kotlinnativecompiler",
    "kotlinklib",
    "kotlinscript",
    "kotlinscripting",
    "zinc",
    "scalacompiler",
    "scalatoolchain",
    "incrementalscala",
    "antlr",
    "protobuf",
    "protoc",
    "lombok",
    "xjc",
    "jaxb",
    "jooq",
    "wsdl2java",
    "lint",
    "developmentonly",
    "mockito",
    "buildscript",
    "coreLibraryDesugaring",
    "nohttp",
];

impl Configuration {
    pub(super) fn of(name: &str) -> Self {
        let usage = usage(name);
        Self { usage }
    }
}

fn usage(name: &str) -> Use {
    if MAIN.contains(&name) {
        return Use::Main;
    }
    let lower = name.to_ascii_lowercase();
    if name == "classpath"
        || DEVELOPMENT
            .iter()
            .any(|word| lower.contains(&word.to_ascii_lowercase()))
    {
        return Use::Development;
    }
    let endings = ["RuntimeClasspath", "CompileClasspath"];
    let Some(set) = endings.iter().find_map(|ending| name.strip_suffix(ending)) else {
        return Use::Unknown;
    };
    let set = set.to_ascii_lowercase();
    match VARIANTS
        .iter()
        .any(|variant| set.starts_with(variant) || set.ends_with(variant))
    {
        true => Use::Main,
        // A source set of its own, such as integration or benchmark: it is built beside the program, not into it.
        false => Use::Development,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_it_is_for() {
        for (name, expected) in [
            ("runtimeClasspath", Use::Main),
            ("compileClasspath", Use::Main),
            ("releaseRuntimeClasspath", Use::Main),
            ("freeDebugRuntimeClasspath", Use::Main),
            ("jvmCompileClasspath", Use::Main),
            ("testRuntimeClasspath", Use::Development),
            ("releaseUnitTestRuntimeClasspath", Use::Development),
            ("integrationTestCompileClasspath", Use::Development),
            ("nonprodRuntimeClasspath", Use::Development),
            ("annotationProcessor", Use::Development),
            ("kotlinCompilerPluginClasspathMain", Use::Development),
            ("classpath", Use::Development),
            ("checkstyle", Use::Development),
            ("kaptTest", Use::Development),
            ("shadow", Use::Unknown),
            ("deploy_jar", Use::Unknown),
        ] {
            assert_eq!(usage(name), expected, "{name}");
        }
    }
}
