"""The command line: ``litcodec fit | validate | test | predict`` and litcodec's own commands.

Only wiring; ``usage/`` has the words. What is heavy is imported by the command that needs it, so that
``--help`` answers at once.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from inspect import signature
from typing import TypeVar

from litcodec.commands.console import tolerant_console
from litcodec.commands.termination import orderly_termination
from litcodec.configuration import SEE_HELP, first_mistake
from litcodec.dashboard.own_runs import own_wandb_runs
from litcodec.fit_help import short_help, wants_help
from litcodec.import_path import search_current_folder
from litcodec.plugins import choose_plugins
from litcodec.usage import LIGHTNING, REPORT_FORMATS, make_parser

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 something failed, 2 wrong usage."""
    with tolerant_console(), own_wandb_runs():
        return _main(list(sys.argv[1:] if argv is None else argv))


def _main(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        if arguments and arguments[0] in LIGHTNING and wants_help(arguments):
            print(short_help(arguments[0], LIGHTNING[arguments[0]]), end="")
            return 0
        if arguments and arguments[0] in LIGHTNING:
            if wrong := first_mistake(arguments[1:]):
                print(f"litcodec: {wrong}\nlitcodec: {SEE_HELP}", file=sys.stderr)
                sys.exit(2)
            from litcodec.old_callbacks import accept_old_callback_paths
            from litcodec.training.cli import print_help, run

            if {"-h", "--help"} & set(arguments):
                print_help(arguments[0], arguments[-1])
                return 0
            accept_old_callback_paths()
            return run(_with_plugins([word for word in arguments if word != "--debug"]))
        options = make_parser().parse_args(arguments)
        choose_plugins(options.plugin)
        with orderly_termination():
            return _run(options)
    except KeyboardInterrupt:
        print("litcodec: interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        from litcodec.errors import LitcodecError, reason_of

        if debug or not isinstance(error, (LitcodecError, OSError)):
            traceback.print_exc()
        else:
            print(f"litcodec: {LitcodecError(reason_of(error))}", file=sys.stderr)
        return 1


def _with_plugins(arguments: list[str]) -> list[str]:
    """Choose the plugins of Lightning's commands; returns what is left for these."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--plugin", action="append", default=[])
    options, others = parser.parse_known_args(arguments)
    choose_plugins(options.plugin)
    search_current_folder()
    return others


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "export":
            return _export(options)
        case "compress" if options.overfit:
            return _overfit(options)
        case "compress" | "decompress":
            from litcodec.commands import coding

            verb = coding.compress if options.command == "compress" else coding.decompress
            return verb(_options_of(coding.Options, options))
        case "codecs":
            from litcodec.commands.codecs import list_codecs

            return list_codecs(as_json=options.json)
        case "evaluate":
            return _evaluate(options)
        case "report":
            return _report(options)
        case "workspace":
            from litcodec.commands.workspace import write_workspace

            return write_workspace(options.project, options.entity, options.spec, overwrite=options.force)
        case "sweep":
            from litcodec.commands import sweep

            return sweep.run_sweep(_options_of(sweep.Options, options))
        case "import-compressai":
            from litcodec.commands import import_compressai as imports

            return imports.run_import(_options_of(imports.Options, options))
        case _:
            from litcodec.commands.prepare import prepare_shards

            return prepare_shards(
                options.source,
                options.output,
                tile_size=options.tile_size,
                min_size=options.min_size,
                num_workers=options.num_workers,
            )


def _options_of(kind: Callable[..., T], options: argparse.Namespace) -> T:
    """A command's own tuple of options, field by field."""
    return kind(*(getattr(options, name) for name in signature(kind).parameters))


def _export(options: argparse.Namespace) -> int:
    from litcodec.commands.export import export, export_synthesis

    files, overwrite, half = (options.checkpoint, options.output), options.force, options.half
    if options.realism_of is None:
        return export(*files, overwrite=overwrite, half=half, rdoq_lambda=options.rdoq_lambda)
    if options.rdoq_lambda is not None:
        options.wrong_usage("--rdoq-lambda is of an encoder, --realism-of writes a decoder: give one of them")
    return export_synthesis(*files, options.realism_of, overwrite=overwrite, half=half)


def _overfit(options: argparse.Namespace) -> int:
    if options.codec is not None or options.lossless or options.mask is not None or options.effort:
        options.wrong_usage("--overfit takes none of -c, --lossless, --mask and --effort")
    if options.lmbda is not None and (options.quality, options.bpp, options.max_bytes) != (None, None, None):
        options.wrong_usage("give one of --lmbda, -q, --bpp and --max-bytes")
    from litcodec.commands import coding, overfitting

    return overfitting.compress(_options_of(coding.Options, options), _options_of(overfitting.Fit, options))


def _evaluate(options: argparse.Namespace) -> int:
    if not options.codecs and not options.baselines:
        options.wrong_usage("give a codec file, or --baselines, or both")
    from litcodec.commands.evaluate import Options, evaluate_files

    return evaluate_files(_options_of(Options, options))


def _report(options: argparse.Namespace) -> int:
    ending = options.output.suffix.removeprefix(".").lower()
    options.format = options.format or ending
    if options.format not in REPORT_FORMATS:
        known = ", ".join(f".{name}" for name in REPORT_FORMATS)
        options.wrong_usage(f"-o {options.output} ends in none of {known}; rename it or give --format")
    if ending in REPORT_FORMATS and ending != options.format:
        options.wrong_usage(f"--format {options.format} contradicts -o {options.output}")
    if options.published == ("none",):
        options.published = ()
    from litcodec.commands.report import Options, report

    return report(_options_of(Options, options))
