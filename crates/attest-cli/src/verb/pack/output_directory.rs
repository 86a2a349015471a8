use std::fs;
use std::path::{Path, PathBuf};

use super::directory::require_directory;
use crate::failure::Failure;

/// The directory that outputs go to, made with all above it if it is not there. What was made goes again unless it is kept.
pub(in crate::verb) struct OutputDirectory {
    made: Vec<PathBuf>,
}

impl OutputDirectory {
    pub(in crate::verb) fn make(path: &Path) -> Result<Self, Failure> {
        let mut directory = Self { made: Vec::new() };
        let missing = path.ancestors().take_while(|above| !is_there(above));
        for above in missing.collect::<Vec<_>>().into_iter().rev() {
            match fs::create_dir(above) {
                Ok(()) => directory.made.push(above.to_owned()),
                // Somebody else was quicker.
                Err(_) if above.is_dir() => {}
                Err(error) => {
                    let message = format_args!("cannot make the directory: {error}");
                    return Err(Failure::undecided("directory-not-made", message).at(above.display()));
                }
            }
        }
        require_directory(path)?;
        Ok(directory)
    }

    /// What was made stays.
    pub(in crate::verb) fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        for made in self.made.iter().rev() {
            // What holds something by now is not ours alone.
            let _ = fs::remove_dir(made);
        }
    }
}

fn is_there(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_made_and_goes_again_unless_it_is_kept() {
        let scene = tempfile::tempdir().unwrap();
        let deep = scene.path().join("a/b/c");
        drop(OutputDirectory::make(&deep).unwrap());
        assert!(!scene.path().join("a").exists());
        OutputDirectory::make(&deep).unwrap().keep();
        drop(OutputDirectory::make(&deep).unwrap());
        assert!(deep.is_dir());
        let made = OutputDirectory::make(&deep.join("d/e")).unwrap();
        fs::write(deep.join("d/other"), "").unwrap();
        drop(made);
        assert!(deep.join("d/other").is_file() && !deep.join("d/e").exists());
    }

    #[test]
    fn a_file_is_no_directory_and_nothing_is_made_below_it() {
        let scene = tempfile::tempdir().unwrap();
        let file = scene.path().join("file");
        fs::write(&file, "").unwrap();
        let code = |path: &Path| OutputDirectory::make(path).err().unwrap().code();
        assert_eq!(code(&file), "directory-expected");
        assert_eq!(code(&file.join("a")), "directory-not-made");
    }
}
