#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_35_wrong.sh - test the test, on a real Xen: memory of one instant is
# brought back on disks that are not of it, or with a flipped byte, and witness
# must say so each time (inv. 1).  On the right disks it says "one instant".
lab_state=running:pvmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvmix
dir=/root/wrong

# copies NAME: both disks as they are now, of one moment, as NAME.xvda, NAME.xvdb.
# Directly: what the guest wrote is not in dom0's page cache.
copies() {
	xl pause $guest
	for disk in xvda xvdb; do
		dd "if=/dev/vg/${guest}_$disk" "of=$dir/$1.$disk" bs=1M \
			iflag=direct conv=sparse status=none || return 1
	done
	xl unpause $guest
}

# back XVDA XVDB MEMORY: these as a second domain; its verdict is $line.
back() {
	for disk in xvda xvdb; do
		dd "if=$1" "of=/dev/vg/wrong_$disk" bs=1M oflag=direct \
			status=none || return 9
		shift
	done
	after=$(size_of "$(console wrong)")
	xl restore $dir/wrong.cfg "$1" > /dev/null 2>&1 || return 9
	line=$(verdict wrong "$after" resume)
	status=$?
	note "$line"
	guest_gone wrong
	return $status
}

# broken WHAT WORD...: witness says BROKEN, and counts it under one of WORD.
broken() {
	is $status 1 "$1: BROKEN"
	like "$line" " $2 " "$1: and that is what it is"
}

mkdir -p $dir
for disk in xvda xvdb; do
	lvcreate -q -y -Wn -n wrong_$disk -L 64m vg > /dev/null
done
sed -e 's/^name = .*/name = "wrong"/' -e "s#vg/${guest}_#vg/wrong_#" \
	/etc/xen/guests/$guest.cfg > $dir/wrong.cfg

copies early
xensnap create -q --cow-size 100% $guest@w > /dev/null
ok $? "create $guest@w"
xensnap export -q --no-sums $guest@w $dir/good > /dev/null
ok $? "export it"
copies late

a=$dir/good/xvda.img
b=$dir/good/xvdb.img
memory=$dir/good/memory.xl
back "$a" "$b" $memory
ok $? "what xensnap froze is one instant"
n=$(echo "$line" | grep -o ' n=[0-9]*' | tr -dc 0-9)

back $dir/late.xvda $dir/late.xvdb $memory
broken "views taken after the resume" 'future=[1-9][0-9]*'

back "$a" $dir/late.xvdb $memory
broken "one disk later than the other" 'future=[1-9][0-9]*'

# The last record that the guest knows to be on its disk: put back what was in
# its place before (lab/witness/README.md has the places; 256 a disk, behind the
# first MiB).
case $((n % 2)) in
0) disk=xvda ;;
1) disk=xvdb ;;
esac
cp $dir/good/$disk.img $dir/lost
dd if=$dir/early.$disk of=$dir/lost bs=4k count=1 conv=notrunc status=none \
	skip=$((256 + n / 2 % 256)) seek=$((256 + n / 2 % 256))
case $disk in
xvda) back $dir/lost "$b" $memory ;;
xvdb) back "$a" $dir/lost $memory ;;
esac
broken "a lost write" 'lost=1 future=0 torn=0'

cp $memory $dir/flipped
python3 /root/test/lib/witness-flip $dir/flipped > /dev/null
back "$a" "$b" $dir/flipped
broken "one flipped byte of memory" 'pattern=bad1'

rm -rf $dir
lvremove -q -y vg/wrong_xvda vg/wrong_xvdb > /dev/null
xensnap delete -q $guest@w
clean $guest
ok $? "nothing is left"
check $guest
ok $? "the original is whole"
tap_done
