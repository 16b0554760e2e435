"""Which bodies and coordinates an element of an .osim file names, whatever its class."""

from .joints import GROUND


class Touching:
    """Finds bodies and coordinates by the names that stand in elements.

    Parameters
    ----------
    model : xml.Node
    frames : joints.Frames
    coordinates : collection of str
    """

    def __init__(self, model, frames, coordinates):
        self.frames, self.coordinates = frames, set(coordinates)
        self.geometry = {}
        for node in model.members("ContactGeometrySet"):
            self.geometry[node.name] = self.bodies_of(node)

    def bodies_of(self, node):
        """Names of the bodies (and "ground") in an element, frozenset."""
        found = set()
        for text in _texts(node):
            last = text.rsplit("/", 1)[-1]
            if last in self.geometry:
                found |= self.geometry[last]
            elif text == GROUND or last in self.frames.bodies:
                found.add(last)
            elif "/" in text or any(path.endswith(f"/{text}") for path in self.frames.offset_frames):
                body = self._of_frame(node, text)
                found |= {body} if body else set()
        return frozenset(found)

    def coordinates_of(self, node):
        """Names of the coordinates in an element, frozenset."""
        return frozenset(text.rsplit("/", 1)[-1] for text in _texts(node)) & self.coordinates

    def _of_frame(self, node, text):
        try:
            return self.frames.find(node, text).body
        except ValueError:
            return None


def _texts(node):
    """Words of all leaves."""
    for element in node.element.iter():
        if len(element) == 0 and element.text and not element.text.isspace():
            words = element.text.split()
            if len(words) <= 20 and not _is_number(words[0]):
                yield from words


def _is_number(word):
    return word[0] in "+-.0123456789" and not word.startswith("..")
