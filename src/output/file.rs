//! Writing files: to a temporary file in the same directory and then into place, so that nobody ever reads half of one.

use super::OutputError;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Writes a file below `dir`, which must exist, replacing what was there.
///
/// # Errors
/// When the directory cannot be written to.
pub fn write(
    dir: &Path,
    name: &str,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), OutputError> {
    let failed = |error| OutputError::write(dir, name, error);
    let mut file = temporary(dir, "").map_err(failed)?;
    let mut out = BufWriter::new(file.as_file_mut());
    content(&mut out).and_then(|()| out.flush()).map_err(failed)?;
    drop(out);
    file.persist(dir.join(name)).map(|_| ()).map_err(|error| failed(error.error))
}

/// The same for a writer that wants a path; the path it gets ends as `name` does.
///
/// # Errors
/// When the directory cannot be written to, or what `content` returns.
pub fn write_by_path(
    dir: &Path,
    name: &str,
    content: impl FnOnce(&Path) -> Result<(), OutputError>,
) -> Result<(), OutputError> {
    let failed = |error| OutputError::write(dir, name, error);
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    let file = temporary(dir, extension).map_err(failed)?;
    content(file.path())?;
    file.persist(dir.join(name)).map(|_| ()).map_err(|error| failed(error.error))
}

/// Removes a file of an earlier run, if there is one.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(dir: &Path, name: &str) -> Result<(), OutputError> {
    match fs::remove_file(dir.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OutputError::write(dir, name, error)),
        _ => Ok(()),
    }
}

/// Makes a directory with its parents.
///
/// # Errors
/// When that is not possible.
pub fn make_dir(dir: &Path) -> Result<(), OutputError> {
    fs::create_dir_all(dir).map_err(|error| OutputError::write(dir, "", error))
}

fn temporary(dir: &Path, extension: &str) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".aksim-").suffix(extension);
    // A temporary file is its owner's alone; a result is everyone's, as far as the umask lets it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(dir)
}
