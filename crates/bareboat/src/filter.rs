//! Another program as a filter: bytes in, bytes out, within limits, never waiting for ever.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How far a filter may go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wall time.
    pub time: Duration,
    /// Bytes of output.
    pub output: usize,
}

/// What a filter gave.
#[derive(Debug)]
pub struct Filtered {
    /// Standard output.
    pub output: Vec<u8>,
    /// Standard error, its beginning.
    pub talk: String,
    /// How it ended.
    pub status: ExitStatus,
}

/// Bytes of standard error that are kept.
const MOST_TALK: usize = 4096;

/// Runs `program` with `arguments` and gives it `input`.
///
/// # Errors
/// It cannot be started, takes too long or says too much; then it is no longer running.
pub fn filter(program: &Path, arguments: &[String], input: &[u8], limits: Limits) -> io::Result<Filtered> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let deadline = Instant::now() + limits.time;
    let exchanged = exchange(&mut child, input, limits.output, deadline);
    let ended = exchanged.and_then(|said| Ok((said, end(&mut child, deadline)?)));
    if ended.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let ((output, talk), status) = ended?;
    Ok(Filtered { output, talk: String::from_utf8_lossy(&talk).trim().to_owned(), status })
}

/// Writes and reads as the child is ready for it, until it closed both of its outputs.
fn exchange(
    child: &mut Child,
    mut input: &[u8],
    most: usize,
    deadline: Instant,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut stdin = child.stdin.take();
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    if let Some(stdin) = &stdin {
        rustix::io::ioctl_fionbio(stdin, true)?;
    }
    let (mut output, mut talk) = (Vec::new(), Vec::new());
    while stdout.is_some() || stderr.is_some() {
        if input.is_empty() {
            stdin = None;
        }
        let ready = wait(&stdin, &stdout, &stderr, deadline)?;
        if ready[0]
            && let Some(pipe) = &mut stdin
        {
            match pipe.write(input) {
                Ok(written) => input = &input[written..],
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                // It does not want more.
                Err(_) => input = &[],
            }
        }
        if ready[1] {
            read(&mut stdout, &mut output)?;
        }
        if ready[2] {
            read(&mut stderr, &mut talk)?;
            talk.truncate(MOST_TALK);
        }
        if output.len() > most {
            return Err(io::Error::other(format!("it printed more than {most} bytes")));
        }
    }
    Ok((output, talk))
}

/// Waits for a child that has nothing more to say.
fn end(child: &mut Child, deadline: Instant) -> io::Result<ExitStatus> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status),
            None if Instant::now() >= deadline => return Err(late()),
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    }
}

fn late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "it did not answer in time")
}

/// Which of the pipes can be used without waiting.
fn wait(
    stdin: &Option<impl AsFd>,
    stdout: &Option<impl AsFd>,
    stderr: &Option<impl AsFd>,
    deadline: Instant,
) -> io::Result<[bool; 3]> {
    let mut ready = [false; 3];
    let mut places = Vec::new();
    let mut pipes = Vec::new();
    let mut add = |place, fd, flags| {
        places.push(place);
        pipes.push(PollFd::from_borrowed_fd(fd, flags));
    };
    stdin.iter().for_each(|pipe| add(0, pipe.as_fd(), PollFlags::OUT));
    stdout.iter().for_each(|pipe| add(1, pipe.as_fd(), PollFlags::IN));
    stderr.iter().for_each(|pipe| add(2, pipe.as_fd(), PollFlags::IN));
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(late());
    }
    let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
    match poll(&mut pipes, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    for (place, pipe) in places.iter().zip(&pipes) {
        ready[*place] = !pipe.revents().is_empty();
    }
    Ok(ready)
}

/// Reads once; the end closes the pipe.
fn read(pipe: &mut Option<impl Read>, into: &mut Vec<u8>) -> io::Result<()> {
    let Some(reader) = pipe else { return Ok(()) };
    let mut buffer = [0; 16 * 1024];
    match reader.read(&mut buffer) {
        Ok(0) => *pipe = None,
        Ok(length) => into.extend_from_slice(&buffer[..length]),
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { time: Duration::from_secs(20), output: 1 << 20 };

    fn shell(script: &str, input: &[u8], limits: Limits) -> io::Result<Filtered> {
        filter(Path::new("/bin/sh"), &["-c".to_owned(), script.to_owned()], input, limits)
    }

    #[test]
    fn passes_more_than_a_pipe_holds_through() {
        let input = vec![b'a'; 300_000];
        let filtered = shell("cat; echo done >&2", &input, LIMITS).unwrap();
        assert!(filtered.output == input && filtered.talk == "done" && filtered.status.success());
    }

    #[test]
    fn takes_a_program_that_reads_nothing() {
        let filtered = shell("echo x; exit 3", &vec![b'a'; 300_000], LIMITS).unwrap();
        assert_eq!((filtered.output.as_slice(), filtered.status.code()), (&b"x\n"[..], Some(3)));
    }

    #[test]
    fn ends_what_takes_too_long_or_says_too_much() {
        let begun = Instant::now();
        let short = Limits { time: Duration::from_millis(200), ..LIMITS };
        assert_eq!(shell("exec sleep 60", b"", short).unwrap_err().kind(), ErrorKind::TimedOut);
        let silent = "exec >&- 2>&-; exec sleep 60";
        assert_eq!(shell(silent, b"", short).unwrap_err().kind(), ErrorKind::TimedOut);
        let little = Limits { output: 1000, ..LIMITS };
        assert!(
            shell("while :; do echo aaaaaaaa; done", b"", little).unwrap_err().to_string().contains("1000")
        );
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
