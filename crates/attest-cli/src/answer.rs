/// How a verb answers on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AnswerFormat {
    /// Lines for people and shell scripts.
    #[default]
    Text,
    /// One document with a `schema` field.
    Json,
}
