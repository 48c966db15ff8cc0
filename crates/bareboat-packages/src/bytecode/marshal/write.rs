//! A graph of objects becomes the one canonical stream.

use super::{Code, FLAG_REF, Graph, Id, Node};

/// The stream of `root`. What occurs more than once, as `uses` counts it, is written once and then referred to.
pub(super) fn stream(graph: &Graph<'_>, root: Id, uses: Vec<u32>) -> Vec<u8> {
    let places = vec![None; graph.nodes.len()];
    let mut writer = Writer { graph, uses, places, next: 0, out: Vec::new() };
    writer.object(root);
    writer.out
}

struct Writer<'a, 'g> {
    graph: &'g Graph<'a>,
    uses: Vec<u32>,
    /// Reference numbers given so far.
    places: Vec<Option<u32>>,
    next: u32,
    out: Vec<u8>,
}

impl Writer<'_, '_> {
    fn object(&mut self, id: Id) {
        if let Some(place) = self.places[id] {
            self.out.push(b'r');
            self.number(place);
            return;
        }
        let node = &self.graph.nodes[id];
        let mut flag = 0;
        if self.uses[id] > 1 && !matches!(node, Node::Singleton(_)) {
            flag = FLAG_REF;
            self.places[id] = Some(self.next);
            self.next += 1;
        }
        match node {
            Node::Singleton(code) => self.out.push(*code),
            Node::Plain(code, payload) => {
                self.out.push(code | flag);
                if *code == b's' {
                    self.number(payload.len() as u32);
                }
                self.out.extend_from_slice(payload);
            }
            Node::Text { bytes, interned } => self.text(bytes, *interned, flag),
            Node::Several(code, items) => self.several(*code, items, flag),
            Node::Code(code) => self.code(code, flag),
            Node::Unfinished => unreachable!("an object is finished before anything refers to it"),
        }
    }

    fn text(&mut self, bytes: &[u8], interned: bool, flag: u8) {
        let is_short = bytes.len() < 256;
        let code = match (bytes.is_ascii(), is_short, interned) {
            (true, true, true) => b'Z',
            (true, true, false) => b'z',
            (true, false, true) => b'A',
            (true, false, false) => b'a',
            (false, _, true) => b't',
            (false, _, false) => b'u',
        };
        self.out.push(code | flag);
        match code {
            b'Z' | b'z' => self.out.push(bytes.len() as u8),
            _ => self.number(bytes.len() as u32),
        }
        self.out.extend_from_slice(bytes);
    }

    fn several(&mut self, code: u8, items: &[Id], flag: u8) {
        match code {
            b'(' if items.len() < 256 => self.out.extend([b')' | flag, items.len() as u8]),
            b':' => self.out.push(code | flag),
            _ => {
                self.out.push(code | flag);
                self.number(items.len() as u32);
            }
        }
        if matches!(code, b'<' | b'>') {
            // CPython sorts by the marshalled element, marks included, and those depend on history.
            let mut sorted: Vec<_> = items.iter().map(|&id| (self.alone(id), id)).collect();
            sorted.sort();
            sorted.into_iter().for_each(|(_, id)| self.object(id));
        } else {
            items.iter().for_each(|&id| self.object(id));
        }
    }

    /// A node's stream with nothing before it and no references in it.
    fn alone(&self, id: Id) -> Vec<u8> {
        stream(self.graph, id, vec![0; self.graph.nodes.len()])
    }

    fn code(&mut self, code: &Code, flag: u8) {
        self.out.push(b'c' | flag);
        code.start.iter().for_each(|&number| self.number(number));
        code.objects.iter().for_each(|&id| self.object(id));
        self.number(code.first_line);
        code.tables.iter().for_each(|&id| self.object(id));
    }

    fn number(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }
}
