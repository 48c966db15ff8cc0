//! Where a path leads when every link in it is followed without leaving the root: what the kernel does in a chroot,
//! path_resolution(7), done from outside.

use std::collections::VecDeque;
use std::io;

use bareboat_image::TreePath;

/// Where `target` leads; `link` tells the target of the link at a path, if there is one. What does not exist is no link.
pub(super) fn resolve(
    target: &[u8],
    link: &dyn Fn(&TreePath) -> io::Result<Option<Vec<u8>>>,
) -> io::Result<TreePath> {
    let mut current = TreePath::ROOT;
    let mut coming: VecDeque<Vec<u8>> = components(target).collect();
    let mut followed = 0;
    while let Some(name) = coming.pop_front() {
        if name == b".." {
            current = current.parent().unwrap_or_default();
            continue;
        }
        let next = current.join(&name).map_err(io::Error::other)?;
        let Some(to) = link(&next)? else {
            current = next;
            continue;
        };
        followed += 1;
        if followed > MOST_LINKS {
            return Err(rustix::io::Errno::LOOP.into());
        }
        if to.starts_with(b"/") {
            current = TreePath::ROOT;
        }
        for component in components(&to).rev() {
            coming.push_front(component);
        }
    }
    Ok(current)
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> + '_ {
    path.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b".")).map(<[u8]>::to_vec)
}

/// Linux's limit.
const MOST_LINKS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_end_inside_the_root() {
        let link = |path: &TreePath| {
            let to = match path.as_bytes() {
                b"absolute" => Some("/run/there"),
                b"above" => Some("../../../../run"),
                b"circle" => Some("circle"),
                b"dangling" => Some("/nowhere/x"),
                _ => None,
            };
            Ok(to.map(|to| to.as_bytes().to_vec()))
        };
        for (target, expected) in [
            ("/absolute/file", "/run/there/file"),
            ("/above/new/file", "/run/new/file"),
            ("/dangling", "/nowhere/x"),
            ("/../../etc", "/etc"),
            ("run/../x", "/x"),
        ] {
            assert_eq!(resolve(target.as_bytes(), &link).unwrap().to_string(), expected, "{target}");
        }
        assert!(resolve(b"/circle", &link).is_err());
    }
}
