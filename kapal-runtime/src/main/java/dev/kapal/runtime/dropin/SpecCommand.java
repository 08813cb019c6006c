package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/** {@code spec}: writes a config to begin with, as runc does; what is there is left alone. */
final class SpecCommand {
  static final Flags.Spec SPEC =
      new Flags.Spec(Set.of("rootless"), Set.of("bundle"), Map.of("b", "bundle"), true);

  private SpecCommand() {}

  static void run(Session session, Flags flags) {
    Linux linux = session.host().linux();
    String bundle = flags.value("bundle").orElse(".");
    String text = template(session, flags.is("rootless"));
    try (Fd directory =
            linux
                .descriptors()
                .openat(session.command().directory(), bundle, O_PATH | O_DIRECTORY);
        Fd file =
            linux
                .descriptors()
                .openat(directory, "config.json", O_WRONLY | O_CREAT | O_EXCL, 0666)) {
      linux.descriptors().writeFully(file, text.getBytes(StandardCharsets.UTF_8));
    } catch (ErrnoException e) {
      throw new CommandFailed(
          e.is(Errno.EEXIST)
              ? "File config.json exists. Remove it first"
              : "config.json cannot be written: " + e.getMessage(),
          e);
    }
  }

  private static String template(Session session, boolean rootless) {
    try (InputStream template = SpecCommand.class.getResourceAsStream("spec.json")) {
      if (template == null) {
        throw new CommandFailed("the template of config.json is missing from Kapal");
      }
      String text = new String(template.readAllBytes(), StandardCharsets.UTF_8);
      // As runc has it: with cgroup v1 a container sees the groups of the host.
      boolean v2 = session.host().cgroups().layout().mode() == CgroupLayout.Mode.V2;
      String shown = v2 ? text : text.replaceFirst(",\\s*\\{\\s*\"type\": \"cgroup\"\\s*}", "");
      return rootless ? RootlessSpec.of(shown, session.host().facts().identity()) : shown;
    } catch (IOException e) {
      throw new CommandFailed("the template of config.json cannot be read", e);
    }
  }
}
