package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.parse.Pairs;
import dev.kapal.cli.template.Struct;
import dev.kapal.engine.Volumes.Volume;
import dev.kapal.engine.spec.VolumeSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** volume create, inspect, ls, prune and rm. */
final class VolumeCommands {
  private static final Listing LISTING =
      Listing.of(
          List.of("Driver", "Name"),
          "Driver",
          "DRIVER",
          "Name",
          "VOLUME NAME",
          "Mountpoint",
          "MOUNTPOINT",
          "Scope",
          "SCOPE",
          "Labels",
          "LABELS",
          "Links",
          "LINKS",
          "Size",
          "SIZE");

  private VolumeCommands() {}

  private static final Leaf CREATE =
      Leaf.named("create")
          .summary("Make a volume")
          .operands("[VOLUME]", 0, 1)
          .example("kapal volume create data", "a directory that outlives containers")
          .example(
              "kapal volume create -o type=tmpfs -o device=tmpfs -o o=size=100m fast",
              "one in memory")
          .options(
              value("driver", "NAME", "Driver (default local)").letter('d').among("local"),
              list("label", "KEY=VALUE", "Set a label"),
              list("opt", "KEY=VALUE", "Option of the driver: type, device, o").letter('o'),
              value("name", "NAME", "Same as the operand").hide())
          .does(VolumeCommands::create);

  private static final Leaf LS =
      Leaf.named("ls")
          .aliases("list")
          .summary("List volumes")
          .example("kapal volume ls --filter dangling=true", "those that no container has")
          .options(Listing.FILTER, Listing.FORMAT, Listing.QUIET)
          .does(VolumeCommands::ls);

  private static final Leaf RM =
      Leaf.named("rm")
          .aliases("remove")
          .summary("Remove volumes and all that is in them")
          .operands("VOLUME [VOLUME...]", 1, Integer.MAX_VALUE)
          .completes(Completion.VOLUME)
          .example("kapal volume rm data", "remove it")
          .options(flag("force", "No error when there is none such").letter('f'))
          .does(i ->
              Each.name(
                  i, i.operands(), name -> i.engine().volumes().remove(name, i.flag("force"))));

  private static final Leaf PRUNE =
      Leaf.named("prune")
          .summary("Remove volumes that no container has")
          .example("kapal volume prune -f", "remove unused anonymous volumes without asking")
          .options(flag("all", "Also those with a name").letter('a'), Prune.FORCE, Prune.FILTER)
          .does(i ->
              Prune.run(
                  i,
                  i.flag("all")
                      ? "This removes all volumes that no container has."
                      : "This removes all anonymous volumes that no container has.",
                  "Deleted Volumes",
                  filters -> i.engine().volumes().prune(i.flag("all"), filters)));

  static final Group GROUP =
      new Group(
          "volume",
          List.of("volumes"),
          "Volumes: directories that outlive containers",
          SystemCommands.MANAGE,
          false,
          List.of(CREATE, InspectCommand.VOLUME, LS, PRUNE, RM));

  private static int create(Invocation i) {
    Optional<String> name =
        i.operands().isEmpty()
            ? i.arguments().value("name")
            : Optional.of(i.arguments().operand(0));
    Map<String, String> labels = Pairs.loose("label", i.arguments().list("label"));
    Map<String, String> options = Pairs.strict("opt", i.arguments().list("opt"));
    VolumeSpec spec;
    try {
      spec = new VolumeSpec(name, i.arguments().value("driver").orElse("local"), options, labels);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
    i.out().line(i.engine().volumes().create(spec).name());
    return 0;
  }

  private static int ls(Invocation i) {
    List<Volume> volumes = i.engine().volumes().list(LifeCommands.filters(i));
    if (i.flag("quiet")) {
      volumes.forEach(volume -> i.out().line(volume.name()));
      return 0;
    }
    boolean size = i.arguments().value("format").orElse("").contains(".Size");
    List<Struct> rows = new ArrayList<>();
    for (Volume volume : volumes) {
      dev.kapal.cli.template.Function label =
          arguments ->
              arguments.isEmpty()
                  ? ""
                  : volume.labels().getOrDefault(String.valueOf(arguments.getFirst()), "");
      rows.add(
          new Struct()
              .with("Driver", volume.driver())
              .with("Name", volume.name())
              .with("Mountpoint", volume.mountpoint())
              .with("Scope", "local")
              .with("Labels", ContainerRows.labels(volume.labels()))
              .with("Links", Integer.toString(volume.users().size()))
              .with("Size", size ? Humans.size(i.engine().volumes().size(volume.name())) : "N/A")
              .with("Label", label));
    }
    LISTING.print(i, rows);
    return 0;
  }
}
