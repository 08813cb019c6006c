package dev.kapal.cli.command;

import dev.kapal.cli.completion.NameSource;
import dev.kapal.cli.model.Completion;
import dev.kapal.engine.Engine;
import dev.kapal.engine.Filters;
import dev.kapal.image.ImageFilters;
import dev.kapal.oci.Reference;
import java.util.List;

/**
 * Names of what the engine has.
 *
 * @param engine who is asked
 */
record Names(Engine engine) implements NameSource {
  @Override
  public List<String> names(Completion.Kind kind) {
    return switch (kind) {
      case CONTAINER ->
          engine.containers().list(true, Filters.NONE).stream().map(c -> c.name()).toList();
      case RUNNING ->
          engine.containers().list(false, Filters.NONE).stream().map(c -> c.name()).toList();
      case IMAGE ->
          engine.images().list(ImageFilters.NONE).stream()
              .flatMap(image -> image.names().stream())
              .map(Reference::familiar)
              .toList();
      case VOLUME -> engine.volumes().list(Filters.NONE).stream().map(v -> v.name()).toList();
      case NETWORK -> engine.networks().list(Filters.NONE).stream().map(n -> n.name()).toList();
      case RUNTIME -> engine.system().info().runtimes();
      case NONE, FILE, DIRECTORY, WORDS, COMMAND -> List.of();
    };
  }
}
