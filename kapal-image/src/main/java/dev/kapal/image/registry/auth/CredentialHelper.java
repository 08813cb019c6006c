package dev.kapal.image.registry.auth;

import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A {@code docker-credential-NAME} program: it keeps credentials in a key ring and is asked over
 * standard input and output (get, store, erase).
 *
 * <p>The program is looked for in PATH of the given environment and runs with that environment and
 * nothing else; whoever runs on behalf of others decides what that is.
 */
public final class CredentialHelper {
  private static final System.Logger LOG = System.getLogger(CredentialHelper.class.getName());
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final int MOST = 64 << 10;
  private static final String TOKEN_USER = "<token>";

  private final String program;
  private final Calls calls;

  /**
   * How helpers are called.
   *
   * @param environment PATH to find them and whatever they need; they get nothing else
   * @param limit time limit for one call
   * @param launcher words before the program's own, such as a command that gives up rights; empty:
   *     it runs as this process does
   */
  public record Calls(Map<String, String> environment, Duration limit, List<String> launcher) {
    public Calls {
      environment = Map.copyOf(environment);
      launcher = List.copyOf(launcher);
    }

    /** With the rights of this process. */
    public static Calls own(Map<String, String> environment, Duration limit) {
      return new Calls(environment, limit, List.of());
    }
  }

  /**
   * @param name what follows {@code docker-credential-}
   * @throws BadConfiguration if that could be a path
   */
  public CredentialHelper(String name, Calls calls) {
    if (!NAME.matcher(name).matches()) {
      throw new BadConfiguration(
          "\"" + name + "\" is not the name of a credential helper", Optional.empty());
    }
    this.program = "docker-credential-" + name;
    this.calls = calls;
  }

  /** Asks for the credentials of a server. */
  public Credentials get(String server) {
    Result result = run("get", server.getBytes(StandardCharsets.UTF_8));
    if (result.status != 0) {
      if (notFound(result.output)) {
        return Credentials.ANONYMOUS;
      }
      throw failed("get", result);
    }
    JsonNode answer;
    try {
      answer = OciJson.mapper().readTree(result.output);
    } catch (JacksonException e) {
      throw new BadConfiguration(
          program + " get does not answer with JSON; try it by hand", Optional.empty());
    }
    String user = answer.path("Username").asString("");
    String secret = answer.path("Secret").asString("");
    if (secret.isEmpty()) {
      return Credentials.ANONYMOUS;
    }
    return user.equals(TOKEN_USER)
        ? new Credentials.IdentityToken(secret)
        : new Credentials.Basic(user, secret);
  }

  /** Hands credentials over for keeping. */
  public void store(String server, Credentials credentials) {
    ObjectNode node = OciJson.mapper().createObjectNode();
    node.put("ServerURL", server);
    switch (credentials) {
      case Credentials.Basic(String user, String password) ->
          node.put("Username", user).put("Secret", password);
      case Credentials.IdentityToken(String token) ->
          node.put("Username", TOKEN_USER).put("Secret", token);
      case Credentials.RegistryToken _, Credentials.Anonymous _ ->
          throw new BadConfiguration(
              program + " cannot keep this kind of credentials", Optional.empty());
    }
    Result result = run("store", OciJson.write(node));
    if (result.status != 0) {
      throw failed("store", result);
    }
  }

  /** Forgets a server; not an error if it is not known. */
  public void erase(String server) {
    Result result = run("erase", server.getBytes(StandardCharsets.UTF_8));
    if (result.status != 0 && !notFound(result.output)) {
      throw failed("erase", result);
    }
  }

  private record Result(int status, String output) {}

  private static boolean notFound(String output) {
    return output.contains("credentials not found");
  }

  /** A store's error text may be shown, it is about the key ring; an answer of get may not. */
  private BadConfiguration failed(String verb, Result result) {
    String text = result.output.strip().replaceAll("\\p{Cntrl}", " ");
    String shown = verb.equals("get") && text.contains("Secret") ? "" : text;
    return new BadConfiguration(
        program
            + " "
            + verb
            + " failed with status "
            + result.status
            + (shown.isEmpty() ? "" : ": " + shown.substring(0, Math.min(200, shown.length()))),
        Optional.empty());
  }

  private Path find() {
    for (String directory : calls.environment().getOrDefault("PATH", "").split(":", -1)) {
      if (directory.startsWith("/")) {
        Path candidate = Path.of(directory).resolve(program);
        if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
          return candidate;
        }
      }
    }
    throw new BadConfiguration(
        "the credential helper "
            + program
            + " is not in PATH; install it, or remove it from the file that names it",
        Optional.empty());
  }

  private Result run(String verb, byte[] input) {
    List<String> words = new ArrayList<>(calls.launcher());
    words.add(find().toString());
    words.add(verb);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().clear();
    builder.environment().putAll(calls.environment());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.directory(Path.of("/").toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new BadConfiguration(program + " cannot be started: " + e.getMessage(), Optional.of(e));
    }
    try {
      CompletableFuture<byte[]> output = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> talk(process, input, output));
      byte[] answer = output.get(calls.limit().toMillis(), TimeUnit.MILLISECONDS);
      if (!process.waitFor(calls.limit().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new TimeoutException();
      }
      return new Result(process.exitValue(), new String(answer, StandardCharsets.UTF_8));
    } catch (TimeoutException e) {
      throw new BadConfiguration(
          program
              + " "
              + verb
              + " did not end within "
              + calls.limit().toSeconds()
              + " s; try it by hand",
          Optional.of(e));
    } catch (ExecutionException e) {
      throw new BadConfiguration(
          program + " " + verb + " could not be talked to: " + e.getMessage(), Optional.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cancelled("asking " + program + " was interrupted");
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static void talk(Process process, byte[] input, CompletableFuture<byte[]> output) {
    try (InputStream from = process.getInputStream()) {
      tell(process, input);
      output.complete(from.readNBytes(MOST));
    } catch (IOException e) {
      output.completeExceptionally(e);
    }
  }

  /** A program that does not want to read is no error here: its output and status tell why. */
  private static void tell(Process process, byte[] input) {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a credential helper did not read its input", e);
    }
  }
}
