# SPDX-License-Identifier: LGPL-2.1-or-later
# Packages that are unpacked but never installed: role, then package.  A
# kernel's meta package stands for the package it depends on.
xen	xen-hypervisor-4.17-amd64
dom0	linux-image-amd64
guest	linux-image-cloud-amd64
