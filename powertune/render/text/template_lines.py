"""The line to change, as each tool writes it."""

from powertune.domain.result import TuningResult

_TOOLS = (
    ("SAM, CloudFormation", "MemorySize: {}"),
    ("CDK", "memorySize: {}"),
    ("Terraform", "memory_size = {}"),
    ("serverless.yml", "memorySize: {}"),
)


def template_lines(result: TuningResult) -> tuple[str, ...]:
    """What to write where the function is described, one line for each tool; none where its size is right already."""
    best = result.recommendation
    if best is None or best.memory_mb == result.function.original_memory_mb:
        return ()
    widest = max(len(tool) for tool, _ in _TOOLS)
    lines = (f"  {tool:<{widest}}  {line.format(best.memory_mb)}" for tool, line in _TOOLS)
    return ("The line to change, so that the next deployment keeps it:", *lines)
