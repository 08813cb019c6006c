/** How calls of the kubelet's interface are shown to whoever counts or traces them. */
@NullMarked
package dev.kapal.cri.observe;

import org.jspecify.annotations.NullMarked;
