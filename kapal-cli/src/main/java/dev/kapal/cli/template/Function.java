package dev.kapal.cli.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Something a template can call. Values are null, Boolean, Long, Double, String, List or Map. */
@FunctionalInterface
public interface Function {
  /**
   * Calls it.
   *
   * @throws TemplateException when the arguments do not fit
   */
  @Nullable Object call(List<@Nullable Object> arguments);
}
