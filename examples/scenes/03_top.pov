// From above: coffee, beans and cloth, square format.
#version 3.7;
#ifndef (Depth) #declare Depth=0; #end
#include "materials_coffee.inc"
Globals(70,.9)
Room(RGB8(130,112,98)*.7,RGB8(215,208,200)*.9)
#declare Eye=<0,62,-6>; #declare Look=<0,0,0>;
camera { location Eye look_at Look right x*image_width/image_height up y angle 29 }
WindowLight(<-52,44,46>,<0,0,0>,1.95,RGB8(255,243,226),40)
object { Table(RGB8(142,110,82),RGB8(112,82,58),RGB8(62,43,30),9.5,.05,11) rotate y*90 }
#declare ClothAt=<9.5,0,3>; #declare ClothTurn=24; #declare ClothX=24; #declare ClothZ=30;
object { Cloth(ClothX,ClothZ,6,1.3,ClothTurn,ClothAt,<4.2,0,1.8>) Linen(RGB8(226,217,202),RGB8(176,104,70),24) rotate y*ClothTurn translate ClothAt }
union {
  object { Saucer Stoneware(RGB8(52,74,68),ClayCol,0) }
  union { object { Cup_Body } object { Cup_Handle } Stoneware(RGB8(52,74,68),ClayCol,1.2) rotate y*-38 translate y*.62 }
  object { Espresso(4.27) translate y*(.62+5.7) }
  translate <4.2,.22,1.8>
}
Heap(<-14.5,0,-14>,14,12,2.6,3)
Scatter(46,<-8,0,-7>,10,9,6)
