//! A marshalled stream becomes a graph of objects.

use super::{Code, FLAG_REF, Graph, Id, Node};

/// The objects of `stream`, and the one that it is about.
///
/// # Errors
/// Text saying what is not understood.
pub(super) fn graph(stream: &[u8]) -> Result<(Graph<'_>, Id), String> {
    let mut reader = Reader { rest: stream, graph: Graph::default(), references: Vec::new(), depth: 0 };
    let root = reader.object()?;
    match reader.rest.len() {
        0 => Ok((reader.graph, root)),
        more => Err(format!("{more} bytes follow its end")),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    graph: Graph<'a>,
    /// Nodes by reference number.
    references: Vec<Id>,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn object(&mut self) -> Result<Id, String> {
        if self.depth >= MAX_DEPTH {
            return Err("it is nested too deeply".into());
        }
        self.depth += 1;
        let head = self.byte()?;
        let (code, is_referable) = (head & !FLAG_REF, head & FLAG_REF != 0);
        let id = match code {
            b'r' => {
                let number = self.number()? as usize;
                let known = self.references.get(number).copied();
                known.ok_or_else(|| format!("it refers to object {number} before it is there"))?
            }
            b't' | b'u' | b'a' | b'A' | b'z' | b'Z' => {
                let id = self.text(code)?;
                if is_referable {
                    self.references.push(id);
                }
                id
            }
            _ => {
                let id = self.graph.nodes.len();
                self.graph.nodes.push(Node::Unfinished);
                // The number is given before the children's, so that they come after it.
                if is_referable {
                    self.references.push(id);
                }
                self.graph.nodes[id] = self.other(code)?;
                id
            }
        };
        self.depth -= 1;
        Ok(id)
    }

    fn other(&mut self, code: u8) -> Result<Node<'a>, String> {
        Ok(match code {
            b'N' | b'T' | b'F' | b'.' | b'S' => Node::Singleton(code),
            b'i' => Node::Plain(code, self.take(4)?),
            b'g' => Node::Plain(code, self.take(8)?),
            b'y' => Node::Plain(code, self.take(16)?),
            b'l' => Node::Plain(code, self.long()?),
            b's' => {
                let length = self.number()? as usize;
                Node::Plain(code, self.take(length)?)
            }
            b')' => {
                let count = self.byte()?.into();
                Node::Several(b'(', self.objects(count)?)
            }
            b'(' | b'<' | b'>' => {
                let count = self.number()? as usize;
                Node::Several(code, self.objects(count)?)
            }
            b':' => Node::Several(code, self.objects(3)?),
            b'c' => Node::Code(Box::new(self.code()?)),
            other => return Err(format!("it has an object of type `{}`", other.escape_ascii())),
        })
    }

    /// Equal texts are one node, interned when any of them is: interning gives one object to all that are interned, and
    /// the others are equal constants that only history kept apart.
    fn text(&mut self, code: u8) -> Result<Id, String> {
        let length = match code {
            b'z' | b'Z' => self.byte()?.into(),
            _ => self.number()? as usize,
        };
        let bytes = self.take(length)?;
        let is_interned = matches!(code, b't' | b'A' | b'Z') || is_shared(bytes);
        let nodes = &mut self.graph.nodes;
        let id = *self.graph.texts.entry(bytes).or_insert_with(|| {
            nodes.push(Node::Text { bytes, interned: false });
            nodes.len() - 1
        });
        if let Node::Text { interned, .. } = &mut nodes[id] {
            *interned |= is_interned;
        }
        Ok(id)
    }

    /// The digit count and the digits (15 bits in two bytes each) of a long number.
    fn long(&mut self) -> Result<&'a [u8], String> {
        let start = self.rest;
        let digits = (self.number()? as i32).unsigned_abs() as usize;
        self.take(digits.saturating_mul(2))?;
        Ok(&start[..start.len() - self.rest.len()])
    }

    fn code(&mut self) -> Result<Code, String> {
        let mut start = [0; 5];
        for number in &mut start {
            *number = self.number()?;
        }
        let mut objects = [0; 8];
        for object in &mut objects {
            *object = self.object()?;
        }
        let first_line = self.number()?;
        Ok(Code { start, objects, first_line, tables: [self.object()?, self.object()?] })
    }

    fn objects(&mut self, count: usize) -> Result<Vec<Id>, String> {
        // No more objects than bytes: a lying count must not reserve memory.
        let mut items = Vec::with_capacity(count.min(self.rest.len()));
        for _ in 0..count {
            items.push(self.object()?);
        }
        Ok(items)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or("it is cut off")?;
        self.rest = rest;
        Ok(taken)
    }
}

/// True for the texts of which a process has only one object anyway: the empty one and single characters up to U+00FF.
/// Up to 3.11 any file that uses one as a name (`from x import *`) interns it for all others, too.
fn is_shared(text: &[u8]) -> bool {
    matches!(text, [] | [..=0x7f] | [0xc2 | 0xc3, _])
}

/// CPython itself stops at 2000; real code stays below 50.
const MAX_DEPTH: u32 = 500;
