package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.FdInput;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.auth.AuthFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** login and logout. */
final class LoginCommands {
  private static final String HUB = "docker.io";
  private static final int LONGEST = 64 * 1024;
  private static final int CTRL_C = 3;
  private static final int CTRL_D = 4;
  private static final int CTRL_U = 21;
  private static final int BACKSPACE = 8;
  private static final int DELETE = 127;

  private LoginCommands() {}

  static final Leaf LOGIN =
      Leaf.named("login")
          .section(ImageCommands.SECTION)
          .summary("Remember who you are at a registry")
          .description(
              "Check user name and password at a registry (default docker.io) and remember them in config.json below"
                  + " $DOCKER_CONFIG or ~/.docker, or with the credential helper that the file names. They are"
                  + " used by the next pull or push.")
          .operands("[REGISTRY]", 0, 1)
          .example("kapal login registry.example.com", "asks for both")
          .example("kapal login -u ci --password-stdin registry.example.com < token", "for scripts")
          .options(
              value("username", "NAME", "User name").letter('u'),
              value("password", "PASSWORD", "Password; others may see it in the list of processes")
                  .letter('p'),
              flag("password-stdin", "Read the password from standard input"))
          .does(LoginCommands::login);

  static final Leaf LOGOUT =
      Leaf.named("logout")
          .section(ImageCommands.SECTION)
          .summary("Forget who you are at a registry")
          .operands("[REGISTRY]", 0, 1)
          .example("kapal logout registry.example.com", "remove the entry")
          .does(i -> {
            String registry = registry(i);
            boolean there = DockerConfig.of(i.context()).writable().erase(registry);
            i.out()
                .line(there ? "Removed the login for " + registry : "Not logged in to " + registry);
            return 0;
          });

  private static String registry(Invocation i) {
    if (i.operands().isEmpty()) {
      return HUB;
    }
    String text = i.arguments().operand(0).replaceFirst("^https?://", "").replaceFirst("/+$", "");
    String host =
        text.contains("/") && !text.startsWith("index.docker.io")
            ? text.substring(0, text.indexOf('/'))
            : text;
    if (host.startsWith("index.docker.io") || host.equals("registry-1.docker.io")) {
      return HUB;
    }
    if (!host.matches("[A-Za-z0-9.-]+(:\\d{1,5})?|\\[[0-9a-fA-F:]+](:\\d{1,5})?")) {
      throw new UsageException(
          "\""
              + i.arguments().operand(0)
              + "\" is not a registry: name its host, as in registry.example.com:5000",
          UsageException.BAD_COMMAND);
    }
    return host;
  }

  private static int login(Invocation i) throws InterruptedException {
    String registry = registry(i);
    boolean stdin = i.flag("password-stdin");
    Optional<String> user = i.arguments().value("username").filter(u -> !u.isEmpty());
    Optional<String> given = i.arguments().value("password");
    if (stdin && given.isPresent()) {
      throw new UsageException("--password and --password-stdin exclude each other: leave one out");
    }
    if (stdin && user.isEmpty()) {
      throw new UsageException("--password-stdin needs a user name: give --username");
    }
    if (given.isPresent()) {
      i.err()
          .line(
              "WARNING: --password shows the password to others on this machine: use --password-stdin");
    }
    if (!stdin && (user.isEmpty() || given.isEmpty()) && !i.context().streams().inputIsTerminal()) {
      throw new CommandFailedException(
          "there is no terminal to ask on: give --username and --password-stdin", 1);
    }
    String name = user.orElseGet(() -> ask(i, "Username: "));
    if (name.isEmpty() || name.indexOf(':') >= 0) {
      throw new CommandFailedException("the user name is empty or has a colon in it", 1);
    }
    String password = stdin ? all(i) : given.isPresent() ? given.get() : secret(i, "Password: ");
    if (password.isEmpty()) {
      throw new CommandFailedException("the password is empty", 1);
    }
    Credentials credentials = new Credentials.Basic(name, password);
    AuthFile file = DockerConfig.of(i.context()).writable();
    i.engine().images().login(registry, credentials);
    String kept = file.store(registry, credentials);
    if (kept.equals(file.path().toString())) {
      i.err()
          .line(
              "WARNING: the password is kept unencrypted in "
                  + kept
                  + "; a credential helper (credsStore) would encrypt it");
    }
    i.out().line("Login Succeeded");
    return 0;
  }

  private static String ask(Invocation i, String question) {
    i.out().print(question);
    i.out().flush();
    return Prune.line(i).strip();
  }

  private static String all(Invocation i) {
    try {
      byte[] bytes =
          new FdInput(i.services().linux().descriptors(), i.context().streams().input())
              .readNBytes(LONGEST);
      return new String(bytes, StandardCharsets.UTF_8).replaceFirst("(\r?\n)+$", "");
    } catch (IOException e) {
      throw new CommandFailedException("the password cannot be read: " + e.getMessage(), 1);
    }
  }

  /** In raw mode nothing is echoed; the keys that edit a line are done here. */
  private static String secret(Invocation i, String question) throws InterruptedException {
    i.out().print(question);
    i.out().flush();
    byte[] line = new byte[LONGEST];
    int n = 0;
    try (Foreground.Raw _ = Foreground.raw(i, true, true)) {
      FdInput in = new FdInput(i.services().linux().descriptors(), i.context().streams().input());
      for (int b = in.read(); b >= 0 && b != '\n' && b != '\r'; b = in.read()) {
        switch (b) {
          case CTRL_C -> throw new InterruptedException();
          case CTRL_D -> {
            if (n == 0) {
              throw new InterruptedException();
            }
          }
          case CTRL_U -> n = 0;
          case BACKSPACE, DELETE -> {
            // One character may be several bytes of UTF-8.
            while (n > 0 && (line[n - 1] & 0xc0) == 0x80) {
              n--;
            }
            n = Math.max(0, n - 1);
          }
          default -> {
            if (n < line.length) {
              line[n++] = (byte) b;
            }
          }
        }
      }
    } catch (IOException e) {
      throw new CommandFailedException("the password cannot be read: " + e.getMessage(), 1);
    } finally {
      i.out().line("");
      i.out().flush();
    }
    return new String(line, 0, n, StandardCharsets.UTF_8);
  }
}
