package dev.kapal.cri.translate;

/**
 * What translation has to know of the host.
 *
 * @param seLinux whether labels of SELinux mean something; where they do not they are left out, as
 *     the interface's users expect
 */
public record Host(boolean seLinux) {}
