"""`torch.fft`: discrete Fourier transforms, shifts of spectra, and frequencies."""

from __future__ import annotations

from typing import Any

from xlagrad.torch import names

__all__ = """
    fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2 ihfftn irfft
    irfft2 irfftn rfft rfft2 rfftfreq rfftn
""".split()  # noqa: SIM905

globals().update(names.records(__all__, "fft_"))


def __getattr__(name: str) -> Any:
    raise names.missing("torch.fft", name, globals())
