use super::*;

#[test]
fn a_rich_need_names_packages_and_a_condition_is_none() {
    let names = |text: &str| required(text).map(str::to_owned).collect::<Vec<_>>();
    for (text, expected) in [
        ("glibc", vec!["glibc"]),
        ("libc.so.6()(64bit)", vec!["libc.so.6()(64bit)"]),
        ("rpmlib(CompressedFileNames)", vec![]),
        ("(a or b)", vec!["a", "b"]),
        ("(a >= 1.2 or perl(B) < 3)", vec!["a", "perl(B)"]),
        ("(langpacks-en if langpacks)", vec!["langpacks-en"]),
        ("((a and b) or c)", vec!["a", "b", "c"]),
        ("/bin/sh", vec!["/bin/sh"]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}
