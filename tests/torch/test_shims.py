"""Modules of `torch` that programs import besides tensors: they say what is true, and refuse the rest."""

from __future__ import annotations

import importlib
import io
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch as reference

import xlagrad.torch as torch
from tests.torch.serialization.files import written
from xlagrad.core.errors import MissingDependencyError, TraceError
from xlagrad.torch import _utils
from xlagrad.torch import storage as storages
from xlagrad.torch.torch_version import TorchVersion

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="asks what there is without a GPU")


def test_versions_compare_as_versions() -> None:
    v = TorchVersion("2.13.0+xlagrad")
    assert v >= "2.4" and v > "2.2.1" and v < "3" and v <= "2.13.0" and v == "2.13" and v != "2.12"
    assert v >= (2, 0) and v < (2, 14) and v == "2.13.0+xlagrad"
    assert isinstance(torch.__version__, str) and torch.__version__.split("+")[0] == "2.13.0"
    assert torch.version.__version__ == torch.__version__
    assert "JAX" in torch.__config__.show() and "threads" in torch.__config__.parallel_info()
    with pytest.raises(TypeError):
        assert v < 3


@NO_GPU
def test_without_a_gpu_cuda_says_so() -> None:
    cuda = torch.cuda
    assert not (cuda.is_available() or cuda.is_initialized() or cuda.is_bf16_supported())
    assert cuda.device_count() == cuda.memory_allocated() == cuda.max_memory_reserved() == 0
    assert torch.version.cuda is None and torch.version.hip is None
    assert cuda.memory_stats() == {} and cuda.mem_get_info() == (0, 0) and cuda.memory_summary() == ""
    assert cuda.get_rng_state_all() == [] and cuda.get_arch_list() == []
    for call in (cuda.init, cuda.current_device, cuda.get_device_name, cuda.get_device_properties,
                 cuda.get_device_capability, cuda.get_rng_state):  # fmt: skip
        with pytest.raises(RuntimeError, match=r"torch\.cuda: expected a GPU, got only"):
            call()
    cuda.empty_cache()
    cuda.reset_peak_memory_stats()
    cuda.manual_seed_all(3)
    assert torch.initial_seed() == 3
    cuda.set_device(-1)
    with cuda.device(-1), cuda.device(None), cuda.stream(cuda.Stream()):
        assert torch.ones(1).device.type == "cpu"
    with pytest.raises(ValueError, match="a device of this machine"):
        cuda.set_device(0)
    assert not torch.backends.cudnn.is_available() and torch.backends.cudnn.version() is None


def test_events_take_the_time() -> None:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    with pytest.raises(RuntimeError, match="two recorded events"):
        start.elapsed_time(end)
    start.record()
    torch.ones(3).sum()
    end.record()
    torch.cuda.synchronize()
    torch.cuda.current_stream().synchronize()
    assert start.elapsed_time(end) > 0.0


def test_backends_keep_their_switches() -> None:
    b = torch.backends
    assert not (
        b.mps.is_available() or b.mkl.is_available() or b.mkldnn.is_available() or b.openmp.is_available()
    )
    assert b.opt_einsum.is_available()
    b.cudnn.benchmark = True
    with b.cudnn.flags(enabled=True, benchmark=False):
        assert not b.cudnn.benchmark
    assert b.cudnn.benchmark
    b.cudnn.benchmark = False
    b.cuda.matmul.allow_tf32 = True
    try:
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        b.cuda.matmul.allow_tf32 = False
    assert torch.get_float32_matmul_precision() == "highest"
    with b.cuda.sdp_kernel(enable_flash=False), b.mkldnn.flags():
        assert b.cuda.flash_sdp_enabled()


def test_settings_of_the_process() -> None:
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled() and torch.get_deterministic_debug_mode() == 1
    torch.set_deterministic_debug_mode("default")
    assert not torch.are_deterministic_algorithms_enabled() and torch.get_deterministic_debug_mode() == 0
    with pytest.raises(ValueError, match="set_deterministic_debug_mode: expected 0, 1, 2"):
        torch.set_deterministic_debug_mode(5)
    torch.set_default_tensor_type(torch.HalfTensor)
    assert torch.get_default_dtype() is torch.float16
    torch.set_default_tensor_type("torch.FloatTensor")
    assert torch.get_default_dtype() is torch.float32
    with pytest.raises(ValueError, match="a type of floating-point tensors"):
        torch.set_default_tensor_type("torch.IntTensor")
    for value in (torch.ones(1), torch.ones(1).int(), 3, [1], np.float32):
        other = reference.ones(1) if value is not None and torch.is_tensor(value) else value
        if torch.is_tensor(value) and not value.is_floating_point():
            other = other.int()
        assert torch.typename(value) == reference.typename(other)
    torch.set_num_threads(2)
    torch.set_num_interop_threads(2)
    assert torch.get_num_interop_threads() >= 1 and torch.set_flush_denormal(True) is False
    with torch.random.fork_rng():
        torch.manual_seed(5)
    assert torch.initial_seed() != 5


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: torch.jit.trace(None, None), r"torch\.jit\.trace: .*use torch\.compile"),
        (lambda: torch.jit.load("x.pt"), r"torch\.jit\.load"),
        (lambda: torch.onnx.export(None), r"torch\.onnx\.export"),
        (lambda: torch.hub.load("pytorch/vision", "resnet18"), r"torch\.hub\.load.*install the package"),
        (lambda: torch.hub.download_url_to_file("http://x", "y"), "download it to 'y'"),
        (lambda: torch.distributed.init_process_group("nccl"), r"torch\.distributed\.init_process_group"),
        (lambda: torch.distributed.all_reduce(None), "is_available"),
        (lambda: torch.utils.cpp_extension.load(name="x"), "no C.. extension"),
        (lambda: torch.compile(lambda x: x, backend=print), "the name of a backend"),
    ],
    ids=range(9),
)
def test_what_there_is_not_names_the_way_out(call: Any, text: str) -> None:
    with pytest.raises(NotImplementedError, match=text):
        call()


def test_questions_about_several_processes() -> None:
    d = torch.distributed
    assert not (d.is_available() or d.is_initialized() or d.is_nccl_available())
    for call in (d.get_rank, d.get_world_size):
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            call()
    d.destroy_process_group()


def test_decorators_of_jit_leave_python_as_it_is() -> None:
    @torch.jit.script
    def f(x: Any) -> Any:
        return x + 1

    class A(torch.nn.Module):
        @torch.jit.ignore
        def g(self) -> int:
            return 1

        @torch.jit.unused
        def h(self) -> int:
            return 2

        @torch.jit.ignore(drop=True)
        def i(self) -> int:
            return 3

        @torch.jit.export
        def j(self) -> int:
            return 4

    a = torch.jit.script(A())
    assert (f(1), a.g(), a.h(), a.i(), a.j()) == (2, 1, 2, 3, 4)
    assert not torch.jit.is_scripting() and not torch.jit.is_tracing()
    assert torch.jit.annotate(list[int], [1]) == [1] and not isinstance(a, torch.jit.ScriptModule)


def test_compile_takes_the_arguments_of_pytorch() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(torch.compiler.is_compiling())
        return x * 2

    x = torch.ones(2)
    for options in ({}, {"fullgraph": True, "dynamic": False}, {"mode": "reduce-overhead"},
                    {"options": {"shape_padding": True}}, {"backend": "cudagraphs"}):  # fmt: skip
        assert torch.compile(**options)(f)(x).tolist() == [2.0, 2.0]
    for options in ({"backend": "eager"}, {"disable": True}):
        assert torch.compile(f, **options) is f
    for options, text in (({"backend": "fast"}, "a backend of"), ({"mode": "fast"}, "a mode of"),
                          ({"mode": "default", "options": {"a": 1}}, "mode or options")):  # fmt: skip
        with pytest.raises(RuntimeError, match=text):
            torch.compile(f, **options)
    assert all(runs) and not torch.compiler.is_compiling()


def test_compiler_disable_runs_outside_only() -> None:
    @torch.compiler.disable
    def f(x: Any) -> float:
        return float(x.sum())

    assert f(torch.ones(2)) == 2.0
    with pytest.raises(TraceError, match=r"torch\.compiler\.disable: expected .*f outside of compile"):
        torch.compile(lambda x: f(x))(torch.ones(2))


def test_weights_in_the_hub_s_folder_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert torch.hub.get_dir() == str(tmp_path / "hub")
    url = "https://example.org/models/net-abc.pth"
    with pytest.raises(NotImplementedError, match=f"download {url} to it yourself"):
        torch.hub.load_state_dict_from_url(url)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save({"w": torch.ones(2)}, tmp_path / "hub" / "checkpoints" / "net-abc.pth")
    assert torch.utils.model_zoo.load_url(url)["w"].tolist() == [1.0, 1.0]
    torch.hub.set_dir(tmp_path)
    try:
        assert torch.hub.get_dir() == str(tmp_path)
    finally:
        torch.hub._Folder.chosen = None


def test_tensorboard_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    board = importlib.import_module("xlagrad.torch.utils.tensorboard")
    with pytest.raises(MissingDependencyError, match=r"pip install 'xlagrad\[tensorboard\]'"):
        _ = board.SummaryWriter
    with pytest.raises(AttributeError, match=r"the nearest is torch\.utils\.tensorboard\.SummaryWriter"):
        _ = board.SummaryWriterr


def test_dlpack_hooks_and_overrides() -> None:
    x = torch.arange(3.0)
    assert torch.utils.dlpack.from_dlpack(x).tolist() == [0.0, 1.0, 2.0]
    assert torch.utils.dlpack.to_dlpack(x) is not None
    assert torch.utils.hooks.RemovableHandle is not None
    assert torch.overrides.is_tensor_like(x) and not torch.overrides.has_torch_function((x,))


def test_pickles_of_pytorch_s_tensors_find_their_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            where = {"torch._utils": _utils, "torch.storage": storages}.get(module)
            return getattr(where, name) if where else super().find_class(module, name)

    p = reference.nn.Parameter(reference.arange(4.0).reshape(2, 2).t())
    p.note = 1
    for value in (p, reference.arange(3, dtype=reference.int8), reference.nn.Parameter(reference.ones(1))):
        found = Unpickler(io.BytesIO(pickle.dumps(value))).load()
        assert found.tolist() == value.tolist() and found.requires_grad == value.requires_grad
        assert type(found).__name__ == type(value).__name__
    x = torch.load(
        io.BytesIO(written(reference, reference.tensor([1, 2], dtype=reference.int8).untyped_storage()))
    )
    assert torch.is_storage(x) and x.tolist() == [1, 2]


@pytest.mark.filterwarnings("default")
def test_the_profiler_names_what_ran(tmp_path: Path) -> None:
    profiler = torch.profiler
    ready: list[Any] = []
    plan = profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    assert [plan(i).name for i in range(5)] == ["NONE", "WARMUP", "RECORD", "RECORD_AND_SAVE", "NONE"]
    layer = torch.nn.Linear(2, 2)
    with profiler.profile(schedule=plan, on_trace_ready=ready.append, with_modules=True,
                          activities=[profiler.ProfilerActivity.CPU]) as prof:  # fmt: skip
        for _ in range(5):
            with profiler.record_function("my step"):
                layer(torch.ones(3, 2))
            prof.step()
    assert ready == [prof]
    rows = {row.key: row for row in prof.key_averages()}
    assert rows["my step"].count == rows["nn.Module: Linear"].count == 2
    assert rows["my step"].cpu_time_total >= rows["nn.Module: Linear"].cpu_time_total > 0
    table = prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=200)
    assert "my step" in table and "# of Calls" in table
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    profiler.tensorboard_trace_handler(str(tmp_path / "log"))(prof)
    assert list((tmp_path / "log").rglob("*.xplane.pb"))
    with pytest.raises(ValueError, match="numbers of 0 or more"):
        profiler.schedule(wait=0, warmup=0, active=0)
    with pytest.raises(RuntimeError, match="a recording that has ended"):
        profiler.profile().key_averages()
