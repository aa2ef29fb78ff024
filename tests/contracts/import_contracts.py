"""The contract type `doors`, which import-linter does not have.

It holds for every module, also for those still to be written.
"""

from collections.abc import Iterator
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """A module is imported from outside only through its doors, and its manifest only by those who wire it.

    Options: `modules`, the package whose children are the modules; `doors`, the children of a module that
    anybody may import; `manifest`, the child that only what stands below `manifest_importers` may import.
    Direct imports are looked at; those inside a module are free.
    """

    type_name = "doors"

    modules = fields.StringField()
    doors = fields.SetField(subfield=fields.StringField())
    manifest = fields.StringField()
    manifest_importers = fields.SetField(subfield=fields.StringField())
    broken_contract_guidance = fields.TextField(required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        del verbose
        trespasses = sorted(self._trespasses(graph))
        return ContractCheck(kept=not trespasses, metadata={"trespasses": trespasses})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in cast(list[str], check.metadata["trespasses"]):
            output.print_error(f"- {line}")
        output.new_line()
        guidance = cast(str | None, self.broken_contract_guidance)
        if guidance:
            output.print_error(guidance)

    def _trespasses(self, graph: ImportGraph) -> Iterator[str]:
        # The base class puts the parsed values in the place of the fields; their types do not tell.
        doors = cast(set[str], self.doors)
        wirers = cast(set[str], self.manifest_importers)
        for module in sorted(graph.find_children(str(self.modules))):
            for imported in sorted({module} | graph.find_descendants(module)):
                part = imported.removeprefix(module).lstrip(".").split(".")[0]
                for importer in sorted(graph.find_modules_that_directly_import(imported)):
                    wires = part == str(self.manifest) and any(_is_in(importer, wirer) for wirer in wirers)
                    if _is_in(importer, module) or part in doors or wires:
                        continue
                    for place in graph.get_import_details(importer=importer, imported=imported):
                        yield f"{importer}:{place['line_number']}  {place['line_contents'].strip()}"


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
