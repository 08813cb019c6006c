package dev.kapal.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OciJsonTest {
  private static final String HEX =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  private static final String DESCRIPTOR =
      "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:"
          + HEX
          + "\",\"size\":0}";

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void readsDockersConfiguration() {
    ImageConfig config =
        OciJson.read(
            bytes(
                """
                {"architecture":"amd64","os":"linux","created":"2024-05-01T10:00:00.123456789+02:00",
                 "container_config":{"Image":""},"docker_version":"20.10",
                 "config":{"User":"1:2","Env":["A=b","C"],"Cmd":null,"Entrypoint":["/x"],
                  "WorkingDir":"/w","ExposedPorts":{"80/tcp":{},"53/udp":null},"Volumes":{"/v":{}},
                  "Labels":null,"StopSignal":"SIGINT","OnBuild":null,"ArgsEscaped":true,
                  "Healthcheck":{"Test":["CMD","x"],"Interval":30000000000,"Retries":3}},
                 "rootfs":{"type":"layers","diff_ids":["sha256:%s"]},
                 "history":[{"created_by":"a","empty_layer":true},{}]}\
                """
                    .formatted(HEX)),
            ImageConfig.class);
    assertThat(config.config().exposedPorts()).containsExactly("80/tcp", "53/udp");
    assertThat(config.config().volumes()).containsExactly("/v");
    assertThat(config.config().cmd()).isEmpty();
    assertThat(config.config().entrypoint()).containsExactly("/x");
    assertThat(config.config().healthcheck().orElseThrow().interval()).isEqualTo(30_000_000_000L);
    assertThat(config.created()).contains(Instant.parse("2024-05-01T08:00:00.123456789Z"));
    assertThat(config.rootfs().diffIds()).containsExactly(Digest.parse("sha256:" + HEX));
    assertThat(config.history().get(0).emptyLayer()).isTrue();
    assertThat(config.platform()).hasToString("linux/amd64");
    assertThat(OciJson.read(OciJson.write(config), ImageConfig.class)).isEqualTo(config);
  }

  @Test
  void writesOnlyWhatIsSet() {
    ImageConfig config =
        ImageConfig.of(
            new Platform("linux", "amd64", ""),
            Instant.EPOCH,
            "",
            ContainerConfig.EMPTY,
            RootFs.of(List.of()),
            List.of());
    assertThat(new String(OciJson.write(config), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"created\":\"1970-01-01T00:00:00Z\",\"architecture\":\"amd64\",\"os\":\"linux\","
                + "\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
    assertThat(new String(OciJson.write(Index.of(List.of())), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                + "\"manifests\":[]}");
  }

  @Test
  void tellsManifestFromIndex() {
    Document manifest =
        OciJson.readDocument(
            bytes("{\"schemaVersion\":2,\"config\":" + DESCRIPTOR + ",\"layers\":[]}"),
            Optional.of(MediaTypes.MANIFEST));
    assertThat(manifest).isInstanceOf(Manifest.class);
    Document index =
        OciJson.readDocument(
            bytes("{\"schemaVersion\":2,\"manifests\":[" + DESCRIPTOR + "]}"), Optional.empty());
    assertThat(((Index) index).manifests()).hasSize(1);
    assertThat(OciJson.readDocument(OciJson.write(manifest), Optional.empty())).isEqualTo(manifest);
  }

  @Test
  void refusesAmbiguousAndOldDocuments() {
    for (String bad :
        List.of(
            "{\"schemaVersion\":2,\"manifests\":[],\"config\":" + DESCRIPTOR + ",\"layers\":[]}",
            "{\"schemaVersion\":2}",
            "{\"schemaVersion\":1,\"fsLayers\":[]}",
            "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.MANIFEST + "\",\"manifests\":[]}",
            "{\"schemaVersion\":2,\"schemaVersion\":2,\"manifests\":[]}",
            "{\"schemaVersion\":2,\"manifests\":[null]}",
            "{\"schemaVersion\":2,\"manifests\":[]} trailing",
            "null",
            "[]",
            "",
            "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:" + HEX + "\",\"size\":-1}]}",
            "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"md5:" + HEX + "\",\"size\":1}]}",
            "{\"a\":".repeat(100) + "1" + "}".repeat(100))) {
      assertThatThrownBy(() -> OciJson.readDocument(bytes(bad), Optional.empty()))
          .as(bad)
          .isInstanceOf(InvalidDocumentException.class);
    }
  }

  @Test
  void refusesHugeDocuments() {
    byte[] huge = new byte[OciJson.MAX_DOCUMENT + 1];
    assertThatThrownBy(() -> OciJson.read(huge, Manifest.class))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("longer than");
  }

  @Test
  void keepsAnnotationsAndPlatforms() {
    Descriptor descriptor =
        new Descriptor(MediaTypes.MANIFEST, Digest.sha256(new byte[0]), 7)
            .withAnnotations(Map.of(Descriptor.REF_NAME, "x"))
            .withPlatform(new Platform("linux", "arm", "v7"));
    byte[] json = OciJson.write(descriptor);
    assertThat(OciJson.read(json, Descriptor.class)).isEqualTo(descriptor);
    assertThat(new String(json, StandardCharsets.UTF_8))
        .contains("\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}");
  }
}
