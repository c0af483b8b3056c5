"""The old place of `func.functional_call`: PyTorch's `torch.nn.utils.stateless`."""

from ...func.modules import functional_call

__all__ = ["functional_call"]
