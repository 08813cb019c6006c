package dev.kapal.streaming.server;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/** How a remote command ended, as its client is told (Kubernetes' meta/v1 Status). */
sealed interface Status {
  JsonMapper JSON = JsonMapper.builder().build();

  /** It ended with 0, or its streams did. */
  record Success() implements Status {}

  /** It ended with another code. */
  record ExitCode(int code) implements Status {}

  /** It could not be run. */
  record Failed(String message) implements Status {}

  static Status of(int exitCode) {
    return exitCode == 0 ? new Success() : new ExitCode(exitCode);
  }

  /** For a person; empty on success. */
  default Optional<String> words() {
    return switch (this) {
      case Success() -> Optional.empty();
      case ExitCode(int code) -> Optional.of("command terminated with exit code " + code);
      case Failed(String message) -> Optional.of(message);
    };
  }

  /** For protocols since v4. */
  default byte[] json() {
    Map<String, Object> status =
        switch (this) {
          case Success() -> Map.of("metadata", Map.of(), "status", "Success");
          case ExitCode(int code) ->
              Map.of(
                  "metadata",
                  Map.of(),
                  "status",
                  "Failure",
                  "reason",
                  "NonZeroExitCode",
                  "message",
                  "command terminated with non-zero exit code: " + code,
                  "details",
                  Map.of(
                      "causes",
                      List.of(Map.of("reason", "ExitCode", "message", Integer.toString(code)))));
          case Failed(String message) ->
              Map.of(
                  "metadata",
                  Map.of(),
                  "status",
                  "Failure",
                  "reason",
                  "InternalError",
                  "code",
                  500,
                  "message",
                  message);
        };
    return JSON.writeValueAsBytes(status);
  }

  /** What goes to the error channel. */
  default byte[] bytes(boolean structured) {
    return structured
        ? json()
        : words().map(w -> w.getBytes(StandardCharsets.UTF_8)).orElse(new byte[0]);
  }
}
