package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Json;
import dev.kapal.cli.output.StreamClosedException;
import dev.kapal.cli.template.Struct;
import dev.kapal.cli.template.Template;
import dev.kapal.cli.template.TemplateException;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.EngineException;
import dev.kapal.image.Images;
import dev.kapal.oci.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** inspect, for everything and for each kind of thing. */
final class InspectCommand {
  /** The status for a format that is none, as with docker's inspect; lists end with 1. */
  private static final int BAD_TEMPLATE = 64;

  private InspectCommand() {}

  private static final dev.kapal.cli.model.Option FORMAT =
      value("format", "FORMAT", "Print by a Go template, or 'json' for JSON on one line")
          .letter('f')
          .among("json");

  static final Leaf INSPECT =
      Leaf.named("inspect")
          .section(LookCommands.SECTION)
          .summary("Show all about containers, images, volumes or networks")
          .operands("NAME|ID [NAME|ID...]", 1, Integer.MAX_VALUE)
          .completes(Completion.CONTAINER)
          .example("kapal inspect web", "everything, as JSON")
          .example("kapal inspect -f '{{.State.Status}}' web", "one field")
          .example(
              "kapal inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web",
              "its address")
          .options(
              FORMAT,
              flag("size", "Show the sizes of containers").letter('s'),
              value("type", "TYPE", "Only things of this type")
                  .among("container", "image", "volume", "network"))
          .does(InspectCommand::any);

  static final Leaf CONTAINER =
      kind("container", Completion.CONTAINER)
          .options(flag("size", "Show their sizes").letter('s'))
          .does(i -> print(i, name -> container(i, name)));

  static final Leaf IMAGE =
      kind("image", Completion.IMAGE)
          .options(Platforms.option("Show this variant of the image"))
          .does(InspectCommand::image);

  static final Leaf VOLUME =
      kind("volume", Completion.VOLUME)
          .does(i -> print(i, name -> OtherJson.volume(i.engine().volumes().inspect(name))));

  static final Leaf NETWORK =
      kind("network", Completion.NETWORK)
          .options(flag("verbose", "Ignored").letter('v').hide())
          .does(i -> print(i, name -> OtherJson.network(i.engine().networks().inspect(name))));

  private static Leaf.Builder kind(String kind, Completion completion) {
    String upper = kind.toUpperCase(java.util.Locale.ROOT);
    return Leaf.named("inspect")
        .summary("Show all about " + kind + "s")
        .operands(upper + " [" + upper + "...]", 1, Integer.MAX_VALUE)
        .completes(completion)
        .example("kapal " + kind + " inspect -f '{{json .Labels}}' NAME", "one field as JSON")
        .options(FORMAT);
  }

  private static Struct container(Invocation i, String name) {
    ContainerInfo info = i.engine().containers().inspect(name);
    return ContainerJson.of(
        info,
        i.flag("size") ? Optional.of(i.engine().containers().size(info.id())) : Optional.empty());
  }

  private static int image(Invocation i) {
    Optional<Platform> platform = Platforms.of(i);
    Images images = i.engine().images();
    return print(
        i,
        name ->
            OtherJson.image(
                platform.map(p -> images.get(name, p)).orElseGet(() -> images.get(name))));
  }

  private static int any(Invocation i) {
    String type = i.arguments().value("type").orElse("");
    return switch (type) {
      case "" -> print(i, name -> first(i, name));
      case "container" -> print(i, name -> container(i, name));
      case "image" -> print(i, name -> OtherJson.image(i.engine().images().get(name)));
      case "volume" -> print(i, name -> OtherJson.volume(i.engine().volumes().inspect(name)));
      case "network" -> print(i, name -> OtherJson.network(i.engine().networks().inspect(name)));
      default ->
          throw new UsageException(
              "invalid value \"" + type + "\" for --type: use container, image, volume or network");
    };
  }

  private static Struct first(Invocation i, String name) {
    try {
      return container(i, name);
    } catch (EngineException.NotFound e) {
      // perhaps something else has that name
    }
    var image = i.engine().images().find(name);
    if (image.isPresent()) {
      return OtherJson.image(image.get());
    }
    try {
      return OtherJson.volume(i.engine().volumes().inspect(name));
    } catch (EngineException.NotFound e) {
      // nor a volume
    }
    try {
      return OtherJson.network(i.engine().networks().inspect(name));
    } catch (EngineException.NotFound e) {
      throw new CommandFailedException(
          "no container, image, volume or network \"" + name + "\": check the name", 1);
    }
  }

  private static Template parsed(String format) {
    try {
      return Template.parse(format);
    } catch (TemplateException e) {
      throw new CommandFailedException(e, BAD_TEMPLATE);
    }
  }

  /** What is found is printed, and what is not is told after it, as docker does. */
  private static int print(Invocation i, Function<String, Struct> find) {
    String format = i.arguments().value("format").orElse("");
    Optional<Template> template =
        format.isEmpty() || format.equals("json") ? Optional.empty() : Optional.of(parsed(format));
    List<Struct> found = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (String name : i.operands()) {
      try {
        Struct json = find.apply(name);
        found.add(json);
        template.ifPresent(t -> i.out().line(t.apply(json)));
      } catch (StreamClosedException e) {
        throw e;
      } catch (EngineException | dev.kapal.image.ImageException | CommandFailedException e) {
        problems.add(Failures.message(e));
        template.ifPresent(t -> i.out().line(""));
      }
    }
    if (template.isEmpty()) {
      i.out().line(format.isEmpty() ? Json.pretty(found) : Json.compact(found));
    }
    i.out().flush();
    problems.forEach(problem -> i.err().line("kapal: " + problem));
    return problems.isEmpty() ? 0 : 1;
  }
}
