package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Int64Value;
import dev.kapal.image.Image;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Reference;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Images as the interface tells of them. */
public final class ImageMessages {
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");

  private ImageMessages() {}

  /** One image. */
  public static dev.kapal.cri.proto.Image of(Image image, boolean pinned) {
    dev.kapal.cri.proto.Image.Builder message =
        dev.kapal.cri.proto.Image.newBuilder()
            .setId(image.id().toString())
            .addAllRepoTags(texts(image.names()))
            .addAllRepoDigests(texts(image.repoDigests()))
            .setSize(image.size())
            .setPinned(pinned);
    String user = user(image.config().config().user());
    if (NUMBER.matcher(user).matches()) {
      message.setUid(Int64Value.newBuilder().setValue(Long.parseLong(user)));
    } else {
      message.setUsername(user);
    }
    return message.build();
  }

  private static List<String> texts(List<Reference> names) {
    return names.stream().map(Reference::toString).toList();
  }

  /** Without the group. */
  private static String user(String user) {
    int colon = user.indexOf(':');
    return colon < 0 ? user : user.substring(0, colon);
  }

  /** What {@code crictl inspecti} shows beyond the message. */
  public static Map<String, String> info(Image image) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("imageSpec", image.config());
    info.put("manifest", image.manifest());
    info.put("stored", image.stored());
    return Map.of("info", new String(OciJson.write(info), StandardCharsets.UTF_8));
  }
}
