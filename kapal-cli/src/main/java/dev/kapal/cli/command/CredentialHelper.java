package dev.kapal.cli.command;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.image.registry.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A docker-credential-NAME program: a word on its command line, a question on its input, JSON on
 * its output. It runs with the caller's rights and environment.
 */
final class CredentialHelper {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int LARGEST = 1 << 20;
  private static final int SECONDS = 60;
  private static final String NONE = "credentials not found in native keychain";

  private final CommandContext context;
  private final String program;

  private CredentialHelper(CommandContext context, String program) {
    this.context = context;
    this.program = program;
  }

  static CredentialHelper of(CommandContext context, String name) {
    if (!name.matches("[A-Za-z0-9._-]+")) {
      throw new CommandFailedException(
          "the credential helper \"" + name + "\" of config.json is not a name", Failures.DAEMON);
    }
    return new CredentialHelper(context, "docker-credential-" + name);
  }

  Credentials get(String key) {
    Optional<String> answer = call("get", key);
    if (answer.isEmpty()) {
      return Credentials.ANONYMOUS;
    }
    try {
      JsonNode json = JSON.readTree(answer.get());
      String user = json.path("Username").asString("");
      String secret = json.path("Secret").asString("");
      if (user.equals("<token>")) {
        return new Credentials.IdentityToken(secret);
      }
      return user.isEmpty() && secret.isEmpty()
          ? Credentials.ANONYMOUS
          : new Credentials.Basic(user, secret);
    } catch (JacksonException e) {
      throw failed("get", "its answer is not JSON");
    }
  }

  void store(String key, String user, String secret) {
    String question =
        JSON.writeValueAsString(
            JSON.createObjectNode()
                .put("ServerURL", key)
                .put("Username", user)
                .put("Secret", secret));
    Optional<String> ignored = call("store", question);
  }

  void erase(String key) {
    Optional<String> ignored = call("erase", key);
  }

  private CommandFailedException failed(String verb, String why) {
    return new CommandFailedException(
        "the credential helper " + program + " failed to " + verb + ": " + why, Failures.DAEMON);
  }

  private String find() {
    for (String folder :
        context.variable("PATH").orElse("/usr/local/bin:/usr/bin:/bin").split(":")) {
      Path path = Path.of(folder.isEmpty() ? "/" : folder, program);
      if (path.isAbsolute() && Files.isExecutable(path)) {
        return path.toString();
      }
    }
    throw new CommandFailedException(
        "the credential helper " + program + " that config.json names is not in PATH: install it",
        Failures.DAEMON);
  }

  private Optional<String> call(String verb, String question) {
    List<String> words = new ArrayList<>();
    long uid = context.caller().uid();
    long gid = context.caller().gid();
    if (uid != 0) {
      words.addAll(List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups", "--"));
    }
    words.add(find());
    words.add(verb);
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(context.environment());
    try {
      Process process = builder.start();
      try {
        try (var out = process.getOutputStream()) {
          out.write(question.getBytes(StandardCharsets.UTF_8));
        }
        byte[] answer = process.getInputStream().readNBytes(LARGEST);
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
          throw failed(verb, "it took longer than a minute");
        }
        String text = new String(answer, StandardCharsets.UTF_8).strip();
        if (process.exitValue() == 0) {
          return Optional.of(text);
        }
        if (text.equals(NONE)) {
          return Optional.empty();
        }
        throw failed(verb, text.isEmpty() ? "exit status " + process.exitValue() : text);
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw failed(verb, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(verb, "interrupted");
    }
  }
}
