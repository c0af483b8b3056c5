"""The peers, a file each: `<name>_.py` builds tasks with the package `<name>`.

Such a file has a function for each `Task.builder`: it takes the task's inputs and returns a `Step`.
What a framework can't do sensibly, its file leaves out.
"""

FRAMEWORKS = ("tinygrad_lab", "numpy", "torch", "autograd", "mygrad", "micrograd")
"""In the table's order; a new peer is its name here and its file."""

ALLOCATE_WITH_NUMPY = ("tinygrad_lab", "numpy", "autograd", "mygrad")
"""Those whose memory tracemalloc sees."""
