package dev.kapal.cli.command;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.output.Table;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.image.DiskUsage;
import dev.kapal.image.Image;
import dev.kapal.oci.Reference;
import java.util.List;
import java.util.Optional;

/** What each image, container and volume takes on disk. */
final class UsageTables {
  private UsageTables() {}

  static String of(Invocation i) {
    return "\nImages space usage:\n\n"
        + images(i).render()
        + "\nContainers space usage:\n\n"
        + containers(i).render()
        + "\nLocal Volumes space usage:\n\n"
        + volumes(i).render();
  }

  private static Table images(Invocation i) {
    Table table =
        Table.of(
            "REPOSITORY",
            "TAG",
            "IMAGE ID",
            "CREATED",
            "SIZE",
            "SHARED SIZE",
            "UNIQUE SIZE",
            "CONTAINERS");
    for (DiskUsage.PerImage use : i.engine().images().usage().images()) {
      Optional<Image> image = i.engine().images().find(use.id().toString());
      Optional<Reference> name = image.flatMap(found -> found.names().stream().findFirst());
      table.row(
          name.map(Reference::familiarName).orElse(ImageCommands.NONE),
          name.flatMap(Reference::tag).orElse(ImageCommands.NONE),
          use.id().shortHex(),
          image.map(found -> ImageCommands.since(found.created(), i.now())).orElse("N/A"),
          Humans.size(use.size()),
          Humans.size(use.shared()),
          Humans.size(use.size() - use.shared()),
          Integer.toString(use.users()));
    }
    return table;
  }

  private static Table containers(Invocation i) {
    Table table =
        Table.of(
            "CONTAINER ID",
            "IMAGE",
            "COMMAND",
            "LOCAL VOLUMES",
            "SIZE",
            "CREATED",
            "STATUS",
            "NAMES");
    for (ContainerInfo container : i.engine().containers().list(true, Filters.NONE)) {
      var row = ContainerRows.row(container, false, i.now(), i.zone(), Optional.empty());
      String size = size(i, container.id());
      List<String> cells =
          List.of("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")
              .stream()
              .map(column -> column.equals("Size") ? size : row.get(column))
              .map(String::valueOf)
              .toList();
      table.row(cells);
    }
    return table;
  }

  /** What it has written; it may be gone by now. */
  private static String size(Invocation i, String container) {
    try {
      return Humans.size(i.engine().containers().size(container).writable());
    } catch (EngineException.NotFound gone) {
      return "N/A";
    }
  }

  private static Table volumes(Invocation i) {
    Table table = Table.of("VOLUME NAME", "LINKS", "SIZE");
    for (var volume : i.engine().volumes().list(Filters.NONE)) {
      table.row(
          volume.name(),
          Integer.toString(volume.users().size()),
          Humans.size(i.engine().volumes().size(volume.name())));
    }
    return table;
  }
}
