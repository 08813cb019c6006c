package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;

/**
 * What a container of the image starts with (image-spec "Image Configuration", config), with
 * Docker's additions. A member that the document leaves out is empty.
 *
 * @param user {@code user[:group]} by name or number
 * @param exposedPorts such as {@code 80/tcp}
 * @param env {@code NAME=value}
 * @param entrypoint the command's fixed part
 * @param cmd the command or its default arguments
 * @param volumes directories that are to be volumes
 * @param workingDir absolute path
 * @param labels free text
 * @param stopSignal name or number
 * @param argsEscaped Windows only
 * @param healthcheck Docker's
 * @param shell Docker's, for the shell form of commands
 * @param onBuild Docker's, for builds on top of this image
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ContainerConfig(
    @JsonProperty("User") String user,
    @JsonProperty("ExposedPorts")
        @JsonDeserialize(using = KeySet.Reader.class)
        @JsonSerialize(using = KeySet.Writer.class)
        Set<String> exposedPorts,
    @JsonProperty("Env") List<String> env,
    @JsonProperty("Entrypoint") List<String> entrypoint,
    @JsonProperty("Cmd") List<String> cmd,
    @JsonProperty("Volumes")
        @JsonDeserialize(using = KeySet.Reader.class)
        @JsonSerialize(using = KeySet.Writer.class)
        Set<String> volumes,
    @JsonProperty("WorkingDir") String workingDir,
    @JsonProperty("Labels") Map<String, String> labels,
    @JsonProperty("StopSignal") String stopSignal,
    @JsonProperty("ArgsEscaped") @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean argsEscaped,
    @JsonProperty("Healthcheck") Optional<Healthcheck> healthcheck,
    @JsonProperty("Shell") List<String> shell,
    @JsonProperty("OnBuild") List<String> onBuild) {
  /** Nothing set. */
  public static final ContainerConfig EMPTY =
      new ContainerConfig(
          "",
          Set.of(),
          List.of(),
          List.of(),
          List.of(),
          Set.of(),
          "",
          Map.of(),
          "",
          false,
          Optional.empty(),
          List.of(),
          List.of());

  /** Fills in what is left out, and copies. */
  public ContainerConfig {
    user = Copies.text(user);
    exposedPorts = Copies.set(exposedPorts);
    env = Copies.list(env);
    entrypoint = Copies.list(entrypoint);
    cmd = Copies.list(cmd);
    volumes = Copies.set(volumes);
    workingDir = Copies.text(workingDir);
    labels = Copies.map(labels);
    stopSignal = Copies.text(stopSignal);
    healthcheck = Copies.optional(healthcheck);
    shell = Copies.list(shell);
    onBuild = Copies.list(onBuild);
  }
}
